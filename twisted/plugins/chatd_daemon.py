"""Makes `twistd chatd` known."""

from twisted.application.service import ServiceMaker

chatd = ServiceMaker("chatd", "chatd.tap", "A self-hosted chat daemon", "chatd")
