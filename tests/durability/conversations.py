"""What the mail server and the program said to each other over the milter protocol, from the program's system
calls."""
import dataclasses
import struct

_MACROS, _END_OF_MESSAGE, _PROGRESS = "D", "E", "p"


@dataclasses.dataclass
class Answer:
    """The first word of the answer to a whole mail: a recipient taken out, or the verdict itself."""
    queue_id: str
    letter: str
    place: float  #: where the call began that sent it


def _packets(buffer):
    """Takes the whole packets off a buffer: (letter, data)."""
    while len(buffer) >= 4:
        length = struct.unpack(">I", buffer[:4])[0]
        if len(buffer) < 4 + length:
            return
        yield chr(buffer[4]), bytes(buffer[5:4 + length])
        del buffer[:4 + length]


class _Conversation:
    def __init__(self):
        self._heard = bytearray()
        self._said = bytearray()
        self._queue_id = ""
        self._awaited = False

    def hear(self, data):
        self._heard += data
        for letter, content in _packets(self._heard):
            if letter == _MACROS and content[:1] == b"M":
                words = content[1:].split(b"\0")
                macros = dict(zip(words[::2], words[1::2]))
                self._queue_id = macros.get(b"i", macros.get(b"{i}", b"")).decode()
            self._awaited = self._awaited or letter == _END_OF_MESSAGE

    def say(self, data, place):
        self._said += data
        for letter, _ in _packets(self._said):
            if self._awaited and letter != _PROGRESS:
                self._awaited = False
                yield Answer(self._queue_id, letter, place)


def answers(steps):
    """Every answer to the end of a message, in order."""
    talking = {}
    found = []
    for _, is_end, call in steps:
        if call.name in ("accept", "accept4") and is_end and call.result >= 0:
            talking[call.result] = _Conversation()
            continue
        conversation = talking.get(call.descriptor)
        if conversation is None:
            continue
        if call.name == "close" and not is_end:
            del talking[call.descriptor]
        elif call.name in ("read", "recvfrom") and is_end:
            conversation.hear(call.data)
        elif call.name in ("write", "writev", "sendto", "sendmsg") and not is_end:
            found += conversation.say(call.data, call.begin)
    return found
