"""Promise 20: alerts are neither lost nor doubled, whoever is killed meanwhile and whatever the receiver answers."""

import collections
import datetime
import http.client
import json
import os
import random
import signal
import sys
import time
import unittest

from alerting import SIGNING_KEY, AlertBed, Replica, commands, rule, signing_keys, webhook
from receiver import Receiver, Told, cut, drip, garbage, leads_to, silence, status
from testbed import CLUSTER, event, eventually

WAITS = "for leases to run out, and for receivers that say nothing"
KILLS = int(os.environ.get("FALCONER_ALERT_KILLS", "4"))
SEED = int(os.environ.get("FALCONER_SEED") or random.SystemRandom().randrange(10**6))
AT_ONCE = 10  # alarms between two kills


class Alarms(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.dice = random.Random(SEED)

    def bed_with(self, rules=None, receivers=None, **more):
        bed = self.enterContext(AlertBed(rules or [rule()], receivers or [webhook(self.receiver)], **more))
        bed.start()
        return bed

    def until_told(self, wanted, path="/", seconds=120):
        """Until each of these command lines was told, once or more."""
        eventually(lambda: set(wanted) <= set(commands(self.receiver.at(path))), seconds,
                   f"{len(set(wanted))} alarms are told")

    def until(self, count, path="/", seconds=120):
        """What was told there, when it is so many."""
        eventually(lambda: len(self.receiver.at(path)) >= count, seconds, f"{count} tellings have come to {path}")
        return self.receiver.at(path)

    def check(self, bed, wanted, kills):
        """Nothing is lost; a telling comes twice at most where somebody was killed, and then with the same key and the same words."""
        self.until_told(wanted)
        bed.all_told()
        told = self.receiver.at("/")
        times = collections.Counter(each.key for each in told)
        again = sum(times.values()) - len(times)
        print(f"FALCONER_SEED={SEED} alarms={len(wanted)} tellings={len(times)} told again={again} kills={kills}", flush=True)
        self.assertEqual(set(times), set(bed.psql("select key from falconer.alert_notification", "falconer").split()))
        self.assertLessEqual(again, kills)
        for key in times:
            self.assertEqual(len({each.body for each in told if each.key == key}), 1, "the same key says the same")
        # Each alarm is an alert of its own that is never repeated: a second key for it would be a second telling.
        firsts = {each.key: commands([each]) for each in told}
        self.assertEqual(sorted(text for texts in firsts.values() for text in texts), sorted(wanted))


class Killed(Alarms):
    def test_kill_9_during_deliveries_loses_nothing(self):
        bed, wanted = self.bed_with(), []
        for kill in range(KILLS):
            self.receiver.hold()
            for _ in range(AT_ONCE):
                wanted.append(f"alarm {len(wanted)}")
                bed.raise_alarm(wanted[-1])
            eventually(lambda: self.receiver.waiting > 0, what="the receiver is being told")
            if kill % 2:  # somewhere between its answers and what is written down of them
                self.receiver.let_go()
                time.sleep(self.dice.uniform(0, 0.3))
            bed.kill()
            self.receiver.let_go()
            bed.start()
        self.check(bed, wanted, KILLS)

    def test_kill_9_between_the_event_and_the_telling_loses_nothing(self):
        bed, wanted = self.bed_with(), []
        for _ in range(KILLS):
            for _ in range(AT_ONCE):
                wanted.append(f"alarm {len(wanted)}")
                bed.raise_alarm(wanted[-1])
            time.sleep(self.dice.uniform(0, 0.5))
            bed.kill()
            bed.start()
        self.check(bed, wanted, KILLS)

    def test_kill_9_of_the_postmaster_loses_nothing(self):
        bed, wanted = self.bed_with(), []
        for kill in range(2):
            self.receiver.hold()
            for _ in range(AT_ONCE):
                wanted.append(f"alarm {len(wanted)}")
                bed.raise_alarm(wanted[-1])
            eventually(lambda: self.receiver.waiting > 0, what="the receiver is being told")
            os.kill(bed.postmaster(), signal.SIGKILL)
            self.receiver.let_go()
            # What comes meanwhile goes to the spool, and is told when there is a store again.
            wanted.append(f"alarm {len(wanted)}")
            bed.raise_alarm(wanted[-1])
            bed.restart_postgres()
        self.check(bed, wanted, 2)

    def test_another_replica_takes_over(self):
        bed, wanted = self.bed_with(), []
        other = self.enterContext(Replica(bed))
        eventually(bed.evaluates, what="the first one evaluates")
        other.start()
        holder, idle, took = bed, other, []
        for number, way in enumerate(("kill -9", "SIGTERM", "kill -9")):
            eventually(lambda: holder.evaluates() and not idle.evaluates(), what="one of them evaluates")
            wanted.append(f"before {number}")
            idle.raise_alarm(wanted[-1])  # whoever takes an event in, it is told
            self.until_told(wanted)
            if way == "SIGTERM":
                self.assertEqual(holder.terminate(), 0)
            else:
                holder.kill()
            began = time.monotonic()
            wanted.append(f"after {number}")
            idle.raise_alarm(wanted[-1])
            self.until_told(wanted, seconds=30)
            took.append(f"{way}: {self.receiver.at('/')[-1].at - began:.1f} s")
            holder.start()
            holder, idle = idle, holder
        print("from the holder's end until another one told: " + ", ".join(took), flush=True)
        self.check(bed, wanted, 2)


class Receivers(Alarms):
    def test_an_event_is_one_signed_webhook(self):
        bed = self.enterContext(AlertBed([rule()], [webhook(self.receiver)]))
        keys = signing_keys(bed, SIGNING_KEY, "a new one, that the receiver takes from tomorrow on")
        bed.configure([rule(runbook="https://runbooks.example.org/alarm", severity="critical")], [webhook(self.receiver, secret=keys)])
        bed.start()
        bed.raise_alarm("nc -l 31337", priority="Critical")
        bed.raise_alarm("of no interest", rule="Other")
        told, = self.until(1)
        self.assertTrue(told.is_signed_by(SIGNING_KEY))
        self.assertTrue(told.is_signed_by("a new one, that the receiver takes from tomorrow on"))
        self.assertFalse(told.is_signed_by("another one"))
        self.assertLess(abs(int(told.headers["webhook-timestamp"]) - time.time()), 60)
        message = told.message
        self.assertEqual({told.headers["webhook-id"], told.headers["idempotency-key"]}, {message["key"]})
        self.assertEqual([message[each] for each in ("version", "number", "receiver", "project", "severity", "status", "leftOut")],
                         [1, 1, "on-call", "", "critical", "firing", 0])
        alert, = message["alerts"]
        self.assertEqual((alert["rule"], alert["labels"], alert["count"], alert["runbook"]),
                         ("Alarm", {"proc.cmdline": "nc -l 31337"}, 1, "https://runbooks.example.org/alarm"))
        about, = alert["events"]
        self.assertEqual((about["cluster"], about["project"], about["rule"], about["priority"]), (CLUSTER, "test", "Alarm", "Critical"))
        self.assertNotIn("late", about)
        # What goes on is not told again, neither by this process nor by the next.
        bed.raise_alarm("nc -l 31337", priority="Critical")
        bed.kill()
        bed.start()
        bed.raise_alarm("the next one")
        self.until_told(["the next one"])
        self.assertEqual(commands(self.receiver.at("/")), ["nc -l 31337", "the next one"])
        self.assertEqual(bed.tries(), {"on-call": [("delivered", "200: ok")] * 2})

    def test_rules_and_receivers_are_read_again_at_sighup(self):
        bed = self.bed_with()
        bed.raise_alarm("by the first rule")
        self.until_told(["by the first rule"])

        def told_to_the_other():
            """One after the other, until the round has come that has the new rules."""
            bed.raise_alarm(f"by the next rule {time.monotonic()}")
            return bool(self.receiver.at("/other"))

        bed.configure([rule(to=["other"])], [webhook(self.receiver, "/other", "other")])
        bed.process.send_signal(signal.SIGHUP)
        eventually(lambda: "the section alerts was read again" in bed.said(), 60, "it has read")
        eventually(told_to_the_other, 60, "the other one is told")
        # With anything wrong in the file all is as before.
        bed.configure([rule(to=["nobody"])], [webhook(self.receiver, "/other", "other")])
        bed.process.send_signal(signal.SIGHUP)
        eventually(lambda: "there is no receiver 'nobody'" in bed.said(), 60, "it says what is wrong")
        bed.raise_alarm("as before")
        self.until_told(["as before"], "/other")

    def test_receivers_that_fail_and_heal_have_it_in_the_end(self):
        wrong = {"fails": [status(500, "sorry"), status(503)], "busy": [status(429, Retry_After=7)], "silent": [silence], "garbage": [garbage],
                 "drips": [drip], "cuts": [cut], "good": []}
        for name, answers in wrong.items():
            self.receiver.answers(f"/{name}", *answers)
        bed = self.bed_with([rule(to=wrong)], [webhook(self.receiver, f"/{name}", name) for name in wrong])
        bed.raise_alarm("for everybody")
        eventually(lambda: bed.count("select count(*) from falconer.alert_delivery where state = 1") == len(wrong), 180, "each of them has it")
        log = bed.tries()
        for name, answers in wrong.items():
            with self.subTest(name):
                told = self.receiver.at(f"/{name}")
                self.assertEqual([outcome for outcome, _ in log[name]], ["again"] * len(answers) + ["delivered"])
                self.assertTrue(all(said for _, said in log[name]), log[name])
                self.assertEqual(len(told), len(answers) + 1)
                self.assertEqual(len({(each.key, each.body) for each in told}), 1, "a try says what the one before has said")
        self.assertEqual([said for _, said in log["fails"]], ["500: sorry", "503", "200: ok"])
        self.assertEqual(log["busy"][0][1], "429")
        waited = [each.at for each in self.receiver.at("/busy")]
        self.assertGreaterEqual(waited[1] - waited[0], 6.5, "not before it wished")
        # One that says nothing keeps nobody waiting.
        self.assertLess(self.receiver.at("/good")[0].at, self.receiver.at("/silent")[1].at)

    def test_who_fails_on_end_is_left_alone_and_nothing_is_lost(self):
        self.receiver.answers("/", *[status(500)] * 5)
        bed, wanted = self.bed_with(), [f"alarm {number}" for number in range(20)]
        for each in wanted:
            bed.raise_alarm(each)
        eventually(lambda: bed.metrics()["falconer_alert_receivers_resting"] == 1, what="the receiver is left alone")
        self.check(bed, wanted, 5)  # each of the five that it refused comes once more
        self.assertEqual(bed.metrics()['falconer_alert_deliveries_total{outcome="again"}'], 5)
        eventually(lambda: bed.metrics()["falconer_alert_receivers_resting"] == 0, what="it is well again")

    def test_dead_letters_are_visible_and_replayable(self):
        self.receiver.answers("/elsewhere", leads_to(self.receiver.url("/inside")))
        self.receiver.answers("/refuses", status(404, "no such hook"))
        names = ["elsewhere", "refuses"]
        bed = self.bed_with([rule(to=names)], [webhook(self.receiver, f"/{name}", name) for name in names])
        bed.raise_alarm("for nobody yet")
        eventually(lambda: bed.count("select count(*) from falconer.alert_delivery where state = 2") == 2, what="two dead letters")
        self.assertEqual(bed.tries(), {"elsewhere": [("given up", "302: leads elsewhere, where nobody follows")],
                                       "refuses": [("given up", "404: no such hook")]})
        self.assertEqual(self.receiver.at("/inside"), [])
        bed.kill()
        bed.start()
        bed.raise_alarm("the next one")
        self.until_told(["the next one"], "/elsewhere")
        self.assertEqual(len(self.receiver.at("/elsewhere")), 2, "a dead letter is not tried by itself")
        bed.psql("select falconer.replay_delivery(notification, project, 'operator') from falconer.alert_delivery where state = 2", "falconer")
        bed.all_told()
        for name in names:
            first, _, again = self.until(3, f"/{name}")
            self.assertEqual((first.key, first.body), (again.key, again.body))
            self.assertEqual([outcome for outcome, _ in bed.tries()[name]], ["given up", "put in again", "delivered", "delivered"])
        self.assertEqual(self.receiver.at("/inside"), [])


class Counted(Alarms):
    def test_late_events_count_by_their_receipt_and_say_so(self):
        many = rule("Many", groupBy=["cluster"], bundleBy=["cluster"], threshold={"count": 3, "within": "10m"}, tellResolved=False)
        bed = self.bed_with([many])
        bed.raise_alarm(0)  # it stands in the spool's way that the cluster is not known
        os.kill(bed.postmaster(), signal.SIGKILL)
        happened = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=5)
        for number in (1, 2):  # hours apart, taken in together
            bed.raise_alarm(number, time=(happened + number * datetime.timedelta(hours=1)).isoformat())
        self.assertEqual(self.receiver.at("/"), [])
        bed.restart_postgres()
        bed.nothing_pending()
        told, = self.until(1)
        alert, = told.message["alerts"]
        self.assertEqual((alert["rule"], alert["labels"]), ("Many", {"cluster": CLUSTER}))
        newest = alert["events"][0]
        self.assertTrue(newest["late"])
        self.assertLess(newest["time"], newest["received"])
        self.assertEqual(alert["startsAt"], newest["received"], "it began when they came, not when they happened")

    def test_a_threshold_is_told_and_told_to_be_over(self):
        many = rule("Many", groupBy=["cluster"], bundleBy=["cluster"], threshold={"count": 5, "within": "5s"})
        bed = self.bed_with([many])
        for number in range(4):
            bed.raise_alarm(number)
        eventually(lambda: bed.metrics()["falconer_alert_events_total"] == 4, what="four were looked at")
        self.assertEqual(self.receiver.at("/"), [])
        # However slow the machine is: five of them come within five seconds in the end.
        eventually(lambda: bed.raise_alarm("more") or self.receiver.at("/"), what="it is told")
        firing, resolved = self.until(2)
        self.assertEqual([each.message["status"] for each in (firing, resolved)], ["firing", "resolved"])
        self.assertEqual([each.message["number"] for each in (firing, resolved)], [1, 2])
        self.assertEqual(firing.message["group"], resolved.message["group"])
        self.assertNotEqual(firing.key, resolved.key)
        alert, = resolved.message["alerts"]
        self.assertGreater(alert["endsAt"], alert["startsAt"])

    def test_what_belongs_together_is_told_together(self):
        of_cluster = rule("Together", groupBy=["cluster", "proc.cmdline"], bundleBy=["cluster"], wait="2s", interval="2s")
        bed = self.bed_with([of_cluster])
        for number in range(60):
            bed.raise_alarm(number)
        eventually(lambda: sum(len(each.message["alerts"]) + each.message["leftOut"] for each in self.receiver.at("/")[-1:]) == 60, 120, "all are told")
        told = self.receiver.at("/")
        self.assertLess(len(told), 30, "not each by itself")
        self.assertEqual({each.message["group"] for each in told}, {told[0].message["group"]})
        self.assertEqual([each.message["number"] for each in told], list(range(1, len(told) + 1)))
        self.assertLessEqual(len(told[-1].message["alerts"]), 50)
        self.assertEqual(told[-1].message["labels"], {"cluster": CLUSTER})


class TheReceiverItself(unittest.TestCase):
    """What the cases above rely on."""

    @staticmethod
    def ask(receiver, seconds=1):
        connection = http.client.HTTPConnection(*receiver.address, timeout=seconds)
        try:
            connection.request("POST", "/", "{}", {"Idempotency-Key": "k"})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def test_it_answers_as_it_was_told_to(self):
        with Receiver() as receiver:
            receiver.answers("/", status(429, "later", Retry_After=3), leads_to("http://127.0.0.1/inside"), garbage, cut, silence)
            code, headers, text = self.ask(receiver, 30)
            self.assertEqual((code, headers["Retry-After"], text), (429, "3", b"later"))
            code, headers, _ = self.ask(receiver, 30)
            self.assertEqual((code, headers["Location"]), (302, "http://127.0.0.1/inside"))
            for _ in range(2):
                with self.assertRaises((http.client.HTTPException, OSError)):
                    self.ask(receiver, 30)
            with self.assertRaises(TimeoutError):
                self.ask(receiver)
            self.assertEqual(self.ask(receiver, 30)[0], 200)
            self.assertEqual([each.key for each in receiver.at("/")], ["k"] * 6)
            self.assertEqual(receiver.at("/")[0].message, {})

    def test_who_is_held_waits(self):
        with Receiver() as receiver:
            receiver.hold()
            with self.assertRaises(TimeoutError):
                self.ask(receiver)
            eventually(lambda: receiver.waiting == 1, what="it is held")
            receiver.let_go()
            eventually(lambda: receiver.waiting == 0, what="it was let go")

    def test_what_is_signed_is_known_by_the_key(self):
        # The vector of Standard Webhooks' own libraries.
        told = Told("/", {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
                          "webhook-signature": "v1,bm90IGl0 v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, b'{"test": 2432232314}', 0)
        self.assertTrue(told.is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        self.assertFalse(told.is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"))
        self.assertFalse(told.is_signed_by("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))

    def test_an_alarm_has_the_time_that_it_is_given(self):
        self.assertEqual(json.loads(event(time="2026-01-01T00:00:00+00:00"))["time"], "2026-01-01T00:00:00+00:00")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
