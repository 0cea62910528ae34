"""What differs from run to run (ids, times, queue ids, ports, folders) gets the same words each time."""
import datetime
import hashlib
import re

# The hour in which the manual plays.
ZONE = datetime.timezone(datetime.timedelta(hours=1))
ZONE_NAME = "CET-1"
NOW = datetime.datetime(2026, 11, 21, 6, 12, tzinfo=ZONE)
_DAYS = (0, 30)  # today, and the last day on which what came today is kept
_BEFORE = datetime.timedelta(hours=2)

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_QUEUE_LETTERS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
_QUEUE_FIRST = "4XqR9"
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

_CALENDAR = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)([ T])(\d\d):(\d\d)(:\d\d(?:\.\d+)?)?( ?[+-]\d\d:\d\d|Z)?")
_IN_WORDS = re.compile(r"\b[A-Z][a-z]{2} (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d) \+01:00")
_DAY = re.compile(r"\b(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})\b(?! \d\d:)")
_FOLDER = re.compile(r"/(\d{4})/(\d\d)/(\d\d)/")


def an_id(minutes, name):
    """An id of a message that came so many minutes ago."""
    number = int((NOW - datetime.timedelta(minutes=minutes)).timestamp()) * 1000
    rest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:10], "big")
    number = ((number + rest % 60000) << 80) | rest
    return "".join(_LETTERS[(number >> (5 * place)) & 31] for place in reversed(range(26)))


def a_queue_id(number):
    digest = hashlib.sha256(str(number).encode()).digest()
    return _QUEUE_FIRST + "".join(_QUEUE_LETTERS[byte % len(_QUEUE_LETTERS)] for byte in digest[:6])


class StandIns:
    """`begin`: when the run began; all that happens from then on happens now."""

    def __init__(self, begin):
        self._begin = begin.astimezone(ZONE).replace(second=0, microsecond=0)
        self._ids = {}        # real -> shown
        self._queue_ids = {}  # real -> shown
        self._texts = []      # (real, shown)
        self._numbers = {}    # real -> shown
        self._typed = {}      # of the last command: real beginnings of ids -> as they were typed

    def add_id(self, real, shown):
        self._ids[real] = shown

    def add_text(self, real, shown):
        """Longer ones first, whatever the order in which they are told."""
        self._texts.append((str(real), shown))
        self._texts.sort(key=lambda pair: -len(pair[0]))

    def add_number(self, real, shown):
        self._numbers[str(real)] = shown

    def begun_minutes_ago(self, minutes):
        """The real time that is shown as so many minutes ago."""
        return self._begin - datetime.timedelta(minutes=minutes)

    # -- what is typed --------------------------------------------------------------------------------

    def real(self, command):
        """The command with the ids and folders of this run."""
        self._typed = {}
        for real, shown in self._texts:
            if "/" in shown:
                command = command.replace(shown, real)
        return re.sub(r"\b01[0-9a-z]{2,24}\b", self._real_id, command)

    def _real_id(self, found):
        typed = found.group()
        for real, shown in sorted(self._ids.items()):
            if shown.startswith(typed):
                self._typed[real[:len(typed)]] = typed
                return real[:len(typed)]
        return typed

    # -- what is printed ------------------------------------------------------------------------------

    def shown(self, line):
        for real, shown in self._ids.items():
            line = line.replace(real, shown)
        for real, typed in self._typed.items():
            line = re.sub(rf"\b{real}\b", typed, line)
        for real, shown in self._texts:
            line = line.replace(real, shown)
        for real, shown in self._numbers.items():
            line = re.sub(rf"\b{real}\b", shown, line)
        line = re.sub(r"\bafter \d+ ms\b", "after 0 ms", line)
        return self._with_queue_ids(self._with_times(line))

    def add_queue_id(self, real):
        return self._queue_ids.setdefault(real, a_queue_id(len(self._queue_ids)))

    def _with_queue_ids(self, line):
        for real in re.findall(r"queued as (\w+)", line):
            self.add_queue_id(real)
        for real, shown in self._queue_ids.items():
            line = re.sub(rf"\b{real}\b", shown, line)
        return line

    def _with_times(self, line):
        line = _CALENDAR.sub(self._calendar, line)
        line = _IN_WORDS.sub(self._in_words, line)
        line = _DAY.sub(self._day, line)
        return _FOLDER.sub(self._folder, line)

    def _moved(self, time):
        """The time in the manual for a time of this run; nothing for other times."""
        for days in _DAYS:
            ago = self._begin + datetime.timedelta(days=days) - time
            if -_BEFORE < ago < _BEFORE:
                return NOW + datetime.timedelta(days=days) - max(ago, datetime.timedelta(0))
        return None

    def _calendar(self, found):
        year, month, day, between, hour, minute, seconds, offset = found.groups()
        # The whitelist's table keeps UTC without saying so.
        zone = ZONE if offset and offset.strip() == "+01:00" else datetime.timezone.utc
        moved = self._moved(datetime.datetime(*map(int, (year, month, day, hour, minute)), tzinfo=zone))
        if moved is None:
            return found.group()
        text = moved.astimezone(zone).strftime(f"%Y-%m-%d{between}%H:%M")
        return text + (re.sub(r"\d", "0", seconds) if seconds else "") + (offset or "")

    def _in_words(self, found):
        day, month, year, hour, minute = found.groups()
        if month not in _MONTHS:
            return found.group()
        moved = self._moved(datetime.datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute),
                                              tzinfo=ZONE))
        if moved is None:
            return found.group()
        return f"{moved:%a} {moved.day} {_MONTHS[moved.month - 1]} {moved.year} {moved:%H:%M} +01:00"

    def _moved_day(self, year, month, day):
        """What came a little before midnight is of the day before."""
        for days in _DAYS:
            for ago in (datetime.timedelta(0), _BEFORE, -_BEFORE):
                then = self._begin + datetime.timedelta(days=days) - ago
                if (then.year, then.month, then.day) == (year, month, day):
                    return NOW + datetime.timedelta(days=days)
        return None

    def _day(self, found):
        day, month, year = found.groups()
        moved = self._moved_day(int(year), _MONTHS.index(month) + 1, int(day)) if month in _MONTHS else None
        return f"{moved.day} {_MONTHS[moved.month - 1]} {moved.year}" if moved else found.group()

    def _folder(self, found):
        moved = self._moved_day(*map(int, found.groups()))
        return f"/{moved:%Y/%m/%d}/" if moved else found.group()
