"""What can go wrong, meant for the one who asked.

A `ChatError` has a code for programs and a sentence for people. Anything senseless to
a client must not be one: other exceptions are bugs, and only the log sees them.
"""

from __future__ import annotations


class ChatError(Exception):
    """A refusal. `args` fill the places in `text`; the first is what it is about."""

    code = "FAILED"
    text = "That did not work."

    def __str__(self) -> str:
        return self.text.format(*self.args)


class StartError(Exception):
    """The daemon, or a part of it, cannot start: a sentence for the operator, with the remedy."""


class NotUnderstood(ChatError):
    code = "NOT_UNDERSTOOD"
    text = "There is no command {0}."


class NeedMoreParams(ChatError):
    code = "NEED_MORE_PARAMS"
    text = "{0} needs more: {1}"


class InvalidParams(ChatError):
    code = "INVALID_PARAMS"
    text = "{0} does not take {1}: {2}"


class NoSuchRoom(ChatError):
    code = "NO_SUCH_ROOM"
    text = "There is no room {0}."


class NoSuchAccount(ChatError):
    code = "NO_SUCH_ACCOUNT"
    text = "There is nobody called {0}."


class NoSuchMessage(ChatError):
    code = "UNKNOWN_MSGID"
    text = "There is no message {0}."


class NotInRoom(ChatError):
    code = "NOT_IN_ROOM"
    text = "You are not in {0}."


class TheyAreNotInRoom(ChatError):
    code = "THEY_ARE_NOT_IN_ROOM"
    text = "{1} is not in {0}."


class AlreadyInRoom(ChatError):
    code = "ALREADY_IN_ROOM"
    text = "{1} is in {0} already."


class NotAllowed(ChatError):
    code = "NOT_ALLOWED"
    text = "You may not do that in {0}: {1}"


class AboveYou(ChatError):
    code = "ABOVE_YOU"
    text = "{0} is above you on this server."


class NotOperator(ChatError):
    code = "NOT_OPERATOR"
    text = "Only an operator of the server may do that."


class NoPrivilege(NotOperator):
    code = "NO_PRIVILEGE"
    text = "Here {0} may not do that: they lack the privilege {1}."


class ServerBanned(ChatError):
    code = "SERVER_BANNED"
    text = "You are banned from this server{0}: {1}"


class LockedDown(ChatError):
    code = "LOCKED_DOWN"
    text = "Nobody new is let in just now: {1} Whoever has an account can log in."


class NoSuchServerBan(ChatError):
    code = "NO_SUCH_BAN"
    text = "There is no ban of {0}."


class BanRefused(ChatError):
    code = "BAN_REFUSED"
    text = "{0} is not banned: {1}"


class BadSettings(ChatError):
    code = "BAD_SETTINGS"
    text = "Nothing is changed: {0}"


class CannotSpeak(ChatError):
    code = "CANNOT_SPEAK"
    text = "You may not speak in {0}: {1}"


class Banned(ChatError):
    code = "BANNED"
    text = "You are banned from {0}."


class InviteOnly(ChatError):
    code = "INVITE_ONLY"
    text = "{0} is by invitation only."


class WrongKey(ChatError):
    code = "WRONG_KEY"
    text = "{0} has a key, and that was not it."


class RoomFull(ChatError):
    code = "ROOM_FULL"
    text = "{0} is full."


class RegisteredOnly(ChatError):
    code = "REGISTERED_ONLY"
    text = "{0} is only for people with an account."


class TooManyRooms(ChatError):
    code = "TOO_MANY_ROOMS"
    text = "You are in as many rooms as one may be; {0} would be one more."


class ListFull(ChatError):
    code = "LIST_FULL"
    text = "The {1} list of {0} is full."


class RoomExists(ChatError):
    code = "CHANNEL_NAME_IN_USE"
    text = "{1} is another room already."


class BadName(ChatError):
    code = "BAD_NAME"
    text = "{0} cannot be a name: {1}"


class BadRoomName(ChatError):
    code = "BAD_ROOM_NAME"
    text = "{0} cannot be the name of a room: {1}"


class NameTaken(ChatError):
    code = "NAME_TAKEN"
    text = "The name {0} is taken."


class NameReserved(ChatError):
    code = "NAME_RESERVED"
    text = "The name {0} belongs to an account: log in to use it."


class NameFixed(ChatError):
    code = "NAME_FIXED"
    text = "You are logged in, so your name stays {0}."


class AccountExists(ChatError):
    code = "ACCOUNT_EXISTS"
    text = "There is an account {0} already."


class AccountRequired(ChatError):
    code = "ACCOUNT_REQUIRED"
    text = "You need an account for this: log in first."


class AlreadyLoggedIn(ChatError):
    code = "ALREADY_AUTHENTICATED"
    text = "You are logged in as {0} already."


class LoginFailed(ChatError):
    code = "LOGIN_FAILED"
    text = "The name or the secret is wrong."


class TooManyAttempts(ChatError):
    code = "TOO_MANY_ATTEMPTS"
    text = "Too many failed log-ins: try again in {0} seconds."


class RegistrationClosed(ChatError):
    code = "REGISTRATION_CLOSED"
    text = "New accounts are made by the administrator here."


class BadInvitation(ChatError):
    code = "INVALID_CODE"
    text = "That invitation code is not valid, or no longer."


class NothingToVerify(ChatError):
    code = "NOTHING_TO_VERIFY"
    text = "There is no registration of {0} that waits for a code."


class WeakPassword(ChatError):
    code = "WEAK_PASSWORD"
    text = "That password will not do: {0}"


class TooLong(ChatError):
    code = "TOO_LONG"
    text = "{0} may have {1} characters at most."


class TooFast(ChatError):
    code = "RATE_LIMITED"
    text = "That is too fast: try again in {0} seconds."


class TooMany(ChatError):
    code = "TOO_MANY"
    text = "No more than {1} {0}."


class EmptyMessage(ChatError):
    code = "EMPTY_MESSAGE"
    text = "There is nothing to send."


class CertificateTaken(ChatError):
    code = "CERTIFICATE_TAKEN"
    text = "That certificate belongs to another account."


class NotKept(ChatError):
    """The store could not make it durable; nobody has heard it."""

    code = "NOT_KEPT"
    text = "The server could not store this, so it was not sent: {0}"


class InternalError(ChatError):
    code = "INTERNAL_ERROR"
    text = "Something went wrong in the server; the operator will find it as incident {0}."


class BadMetadataKey(ChatError):
    code = "KEY_INVALID"
    text = "{0} is no good as a key: it should have 1 to 40 of a-z, 0-9 and _./-"


class BadMetadataValue(ChatError):
    code = "INVALID_VALUE"
    text = "A value of {0} has {1} bytes at most."


class MetadataNotSet(ChatError):
    code = "KEY_NOT_SET"
    text = "There is no {0}."


class MetadataFull(ChatError):
    code = "LIMIT_REACHED"
    text = "{0} has as many keys as there may be, {1}."


class TooManySubscriptions(ChatError):
    code = "TOO_MANY_SUBS"
    text = "{0} and what follows is too much: you are told about {1} keys at most."


class NameMustBeYours(ChatError):
    code = "ACCOUNT_NAME_MUST_BE_NICK"
    text = "Take the name {0} first: accounts here are called as their makers are."


class BadEmail(ChatError):
    code = "INVALID_EMAIL"
    text = "An e-mail address is wanted here, like ada@example.org."


class ConnectFirst(ChatError):
    code = "COMPLETE_CONNECTION_REQUIRED"
    text = "Come on line first."


class NoFiles(ChatError):
    code = "NO_FILES"
    text = "This server carries no files."


class NoSuchFile(ChatError):
    code = "NO_SUCH_FILE"
    text = "There is no offer {0}, or it is over."


class NotAccepted(ChatError):
    code = "NOT_ACCEPTED"
    text = "Accept {0} first."


class CannotReceive(ChatError):
    code = "CANNOT_RECEIVE"
    text = "{0} has no account, so no file can be offered to them."


class BadFileName(ChatError):
    code = "BAD_FILE_NAME"
    text = "That cannot be the name of a file: {0}"


class BadFileSize(ChatError):
    code = "BAD_FILE_SIZE"
    text = "A size is a whole number of bytes, which {0} is not."


class BadMediaType(ChatError):
    code = "BAD_MEDIA_TYPE"
    text = "A media type is like image/png, which {0} is not."


class BadDigest(ChatError):
    code = "BAD_DIGEST"
    text = "A digest is a SHA-256 in 64 small hexadecimal digits, or *."


class FileTooLarge(ChatError):
    code = "FILE_TOO_LARGE"
    text = "A file may have {0} bytes at most."


class MediaTypeRefused(ChatError):
    code = "MEDIA_TYPE_REFUSED"
    text = "Files of the type {0} are not taken here."


class StorageFull(ChatError):
    code = "STORAGE_FULL"
    text = "That is more than the {0} bytes that the server keeps for you."


class ServerFull(ChatError):
    code = "SERVER_FULL"
    text = "The server has no room for that file now."


class TooManyTransfers(ChatError):
    code = "TOO_MANY_TRANSFERS"
    text = "You have {0} transfers already, which is as many as may be at once."


class BadRelayLine(ChatError):
    code = "BAD_LINE"
    text = "It should be RELAY, a ticket and an offset."


class NoSuchTicket(ChatError):
    code = "NO_SUCH_TICKET"
    text = "There is no such ticket."


class TicketUsed(ChatError):
    code = "TICKET_USED"
    text = "That ticket was used before: ask for another."


class TicketExpired(ChatError):
    code = "TICKET_EXPIRED"
    text = "The time of that ticket is over: ask for another."


class OffsetBeyond(ChatError):
    code = "OFFSET_BEYOND"
    text = "One can go on from {0} at most."


class Replaced(ChatError):
    code = "REPLACED"
    text = "You have come again by another connection."


class Stalled(ChatError):
    code = "STALLED"
    text = "Nothing has moved for too long."


class OtherSideGone(ChatError):
    code = "GONE"
    text = "The other side has not come."


class TooMuch(ChatError):
    code = "TOO_MUCH"
    text = "More came than the {0} bytes that were offered."


class WrongHash(ChatError):
    code = "WRONG_HASH"
    text = "What came is not what was offered: its digest is another."


class NotKeptHere(ChatError):
    code = "NO_STORAGE"
    text = "This server keeps no files: both sides have to be on line."


class Cut(Exception):
    """A connection that bytes go over has ended."""
