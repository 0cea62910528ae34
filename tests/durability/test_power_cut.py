"""File, folder, log, answer: in this order for every held mail, and nothing answered for is lost by a power cut."""
import copy
import os
import re

import promise
import system_calls
from conversations import answers
from harness import milter
from harness.case import DaemonCase
from traced import Evidence

_DAY = re.compile(r"/\d{4}/\d\d/\d\d$")


def syncs(call):
    return call.name in ("fsync", "fdatasync")


def syncs_message(call):
    return syncs(call) and "/#" in call.path


def syncs_day(call):
    return syncs(call) and bool(_DAY.search(call.path))


def syncs_log(call):
    return syncs(call) and call.path.endswith("/catalog.db-wal")


class TracedCase(DaemonCase):
    preload = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.evidence_of_run = Evidence(cls.folder, cls.milter, preload=cls.preload)

    def order(self, calls):
        """What the check of the order complains about."""
        run = self.evidence_of_run
        steps = system_calls.steps(calls)
        said = answers(steps)
        disk = run.disk()
        for place, is_end, call in steps:
            if place > said[-1].place:
                break
            disk.step(is_end, call)
        return promise.complaints_about_the_order(disk, said, run.held)

    def power_cuts(self, calls):
        """What the check of what is left complains about, and how often the power went out."""
        run = self.evidence_of_run
        steps = system_calls.steps(calls)
        return promise.complaints_after_power_cuts(run.disk(), steps, answers(steps), run.load.offered)


class PowerCutCase(TracedCase):
    def test_every_mail_of_the_load_was_answered_well(self):
        run = self.evidence_of_run
        for queue_id, mail in run.load.offered.items():
            verdict = run.load.verdicts[queue_id]
            held = "spam" in mail.quarantines
            self.assertEqual(verdict.letter, milter.DISCARD if held else milter.ACCEPT, verdict)
        self.assertEqual(run.exit_code, 0)
        self.assertGreater(len(run.held), 80)

    def test_file_then_folder_then_log_then_answer(self):
        self.assertEqual(self.order(self.evidence_of_run.calls), [])

    def test_nothing_answered_for_is_lost_whenever_the_power_goes_out(self):
        complaints, cuts = self.power_cuts(self.evidence_of_run.calls)
        self.assertEqual(complaints, [])
        self.assertGreaterEqual(cuts, 50)

    def test_the_log_was_written_back_meanwhile(self):
        # Otherwise the moments in which SQLite begins its log anew would not have been looked at.
        calls = self.evidence_of_run.calls
        last = answers(system_calls.steps(calls))[-1].place
        self.assertTrue([call for call in calls if syncs(call) and call.path.endswith("/catalog.db")
                         and call.end < last])


class EditedTraceCase(TracedCase):
    """The checks must complain about a program that does less, or does it in another order."""

    def without(self, condition):
        calls = self.evidence_of_run.calls
        left = [call for call in calls if not condition(call)]
        self.assertLess(len(left), len(calls))
        return left

    def assert_both_complain(self, calls):
        self.assertTrue(self.order(calls))
        self.assertTrue(self.power_cuts(calls)[0])

    def test_no_fsync_of_the_file(self):
        self.assert_both_complain(self.without(syncs_message))

    def test_no_fsync_of_the_folder(self):
        self.assert_both_complain(self.without(syncs_day))

    def test_no_fsync_of_the_log(self):
        self.assert_both_complain(self.without(syncs_log))

    def test_one_fsync_of_one_file_failed(self):
        calls = copy.deepcopy(self.evidence_of_run.calls)
        sync = [call for call in calls if syncs_message(call)][7]
        sync.result = -1
        self.assert_both_complain(calls)

    def test_one_answer_was_given_before_its_log_was_durable(self):
        calls = copy.deepcopy(self.evidence_of_run.calls)
        answer = answers(system_calls.steps(calls))[5]
        before = [call for call in calls if syncs_log(call) and call.end < answer.place]
        # All that were still to come for this mail: from the one before its row on.
        for call in before[-4:]:
            call.begin, call.end = answer.place + 0.1, answer.place + 0.2
        self.assert_both_complain(calls)

    def test_one_name_was_given_before_the_fsync(self):
        calls = copy.deepcopy(self.evidence_of_run.calls)
        sync = [call for call in calls if syncs_message(call)][3]
        link = next(call for call in calls if call.name == "linkat" and call.thread == sync.thread
                    and call.begin > sync.end)
        sync.begin, sync.end, link.begin, link.end = link.begin, link.end, sync.begin, sync.end
        self.assertEqual(len(self.order(calls)), 1)


class LazyDiskCase(TracedCase):
    """A program whose fsync does nothing: what comes after looks the same as ever, and is not durable."""
    preload = os.environ.get("QM_LAZY_DISK")

    def test_both_checks_complain(self):
        self.assertTrue(self.preload, "QM_LAZY_DISK names no library")
        calls = self.evidence_of_run.calls
        self.assertFalse([call for call in calls if syncs(call)])
        self.assertTrue(self.order(calls))
        self.assertTrue(self.power_cuts(calls)[0])
