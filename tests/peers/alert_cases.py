"""For every alert of the charts: what Prometheus has seen, minute by minute, when it is told and when it is not.

Values are promtool's: `0x9` is 0 ten times (minutes 0 to 9), `1+5x3` is 1 6 11 16, `_` is a minute without one."""

import dataclasses

N = 'namespace="falconer"'
A, B = f'{{{N},pod="falconer-ingestor-0"}}', f'{{{N},pod="falconer-ingestor-1"}}'
DAY = 86400


@dataclasses.dataclass
class Alert:
    series: dict    # name with labels → values
    quiet: tuple    # minutes at which it is not told …
    fires: tuple    # … and at which it is
    labels: dict = dataclasses.field(default_factory=dict)  # beside those of the rule itself
    said: str = ""  # the description, where it has something filled in
    every: str = "1m"  # rules are evaluated so often


EVENTS = {
    "FalconerStoreAway": Alert(
        {f"falconer_store_away{A}": "0x9 1x9 0x20", f"falconer_store_away{B}": "0x39"}, (9, 14, 20), (15, 19), {"namespace": "falconer"}),
    "FalconerSpoolFillsUp": Alert(
        {f"falconer_spool_bytes{A}": "69x9 71x20", f"falconer_spool_capacity_bytes{A}": "100x29",
         f"falconer_spool_bytes{B}": "70x29", f"falconer_spool_capacity_bytes{B}": "100x29"},
        (9, 14), (15,), {"namespace": "falconer", "pod": "falconer-ingestor-0"}),
    "FalconerTurnsEventsAway": Alert(
        {f"falconer_ingest_turned_away_total{A}": "3x20 13x30", f"falconer_ingest_turned_away_total{B}": "0x50"},
        (20, 40), (22, 30), {"namespace": "falconer"}, "10 events in ten minutes are lost to who sent them."),
    "FalconerSpoolDamaged": Alert(
        {f"falconer_spool_damaged_total{A}": "0x9 1x100", f"falconer_spool_failed_writes_total{A}": "0x109", f"falconer_spool_damaged_total{B}": "0x109"},
        (9, 80), (11, 60), {"namespace": "falconer", "pod": "falconer-ingestor-0"}),
    "FalconerStoreFillsUp": Alert(
        {f"falconer_store_days_left{A}": "9999x9 6.5x200", f"falconer_store_days_left{B}": "7x209"},
        (9, 69), (70,), {"namespace": "falconer"}, "At the growth of the last day 6.5 days are left."),
    "FalconerRetentionStands": Alert(
        # Done at the beginning by one of them; 0: the other one never did.
        {f"falconer_retention_done_timestamp_seconds{A}": "60x4400", f"falconer_retention_done_timestamp_seconds{B}": "0x4400"},
        (0, 4320), (4380,), {"namespace": "falconer"}, every="1h"),
    "FalconerClockWrong": Alert(
        {f"falconer_store_clock_ahead_seconds{A}": "-300x9 -301x20", f"falconer_store_clock_ahead_seconds{B}": "300x29"},
        (9, 14), (15,), {"namespace": "falconer", "pod": "falconer-ingestor-0"}),
    "FalconerIngestorDown": Alert(
        {f"falconer_store_away{A}": "0x9 _x20", 'falconer_store_away{namespace="other"}': "0x29"}, (9, 14, 18), (20,), {"namespace": "falconer"}),
    "FalconerStoreAtRisk": Alert(
        {f"falconer_store_risks{A}": "0x9 2x30", f"falconer_store_risks{B}": "0x39"}, (9, 24), (25,), {"namespace": "falconer"}),
    "FalconerSpoolStands": Alert(
        {f"falconer_spool_oldest_seconds{A}": "3600x9 7200x30", f"falconer_store_away{A}": "0x39",
         # As old, but there is nowhere to replay it to.
         f"falconer_spool_oldest_seconds{B}": "7200x39", f"falconer_store_away{B}": "1x39"},
        (9, 24), (25,), {"namespace": "falconer", "pod": "falconer-ingestor-0"},
        "The oldest event in the spool of falconer-ingestor-0 has waited for 2h 0m 0s; the log says what the store makes of it."),
    "FalconerStoreRefusesRecords": Alert(
        {f"falconer_store_dead_letters_total{A}": "1x9 2x100", f"falconer_store_dead_letters_total{B}": "0x109"},
        (9, 80), (11, 60), {"namespace": "falconer"}),
    "FalconerTokensRefused": Alert(
        # A cluster that tries twice a minute is a fault, one every ten minutes a token that has just ended.
        {f'falconer_ingest_tokens_refused_total{{{N},pod="a",cause="expired"}}': "0x59 2+2x100",
         f'falconer_ingest_tokens_refused_total{{{N},pod="b",cause="unknown key"}}': "0x59 2+2x100",
         'falconer_ingest_tokens_refused_total{namespace="other",pod="c",cause="expired"}': "0+1x160"},
        (59, 110), (130,), {"namespace": "falconer"},
        "120 posts in half an hour; their events are lost. Are the keys of all controllers in the keys file?"),
    "FalconerCountsStand": Alert(
        {f"falconer_rollup_behind_seconds{A}": "900x9 1800x30", f"falconer_rollup_behind_seconds{B}": "0x39"}, (9, 24), (25,),
        {"namespace": "falconer"}, "Stored events have not been counted for 30m 0s; the events themselves are there."),
    "FalconerIncidentsStand": Alert(
        {f"falconer_incident_behind_seconds{A}": "900x9 1800x30", f"falconer_incident_behind_seconds{B}": "0x39"}, (9, 24), (25,),
        {"namespace": "falconer"}, "Stored events have not been gathered into incidents for 30m 0s; the events themselves are there."),
    "FalconerAlertsStand": Alert(
        # One of them evaluates; then nobody; then one that is behind.
        {f"falconer_alert_evaluator{A}": "1x9 0x20 1x30", f"falconer_alert_evaluator{B}": "0x60",
         f"falconer_alert_behind_seconds{A}": "1x40 301x30", f"falconer_alert_behind_seconds{B}": "0x70"},
        (9, 14, 35), (15, 30, 50), {"namespace": "falconer"}),
    "FalconerAlertsUndelivered": Alert(
        {f'falconer_alert_deliveries_total{{{N},pod="a",outcome="given_up"}}': "2x9 3x100",
         f'falconer_alert_deliveries_total{{{N},pod="a",outcome="delivered"}}': "0+5x109"},
        (9, 80), (11, 60), {"namespace": "falconer"}),
    "FalconerReceiverRests": Alert(
        {f"falconer_alert_receivers_resting{A}": "0x9 2x30", f"falconer_alert_receivers_resting{B}": "0x39"}, (9, 24), (25,),
        {"namespace": "falconer"}, "2 receivers are left alone after failures, and asked now and then; what is for them waits."),
    "FalconerCertificateEnds": Alert(
        # It ends seven days after minute 0; the other one is renewed.
        {f'falconer_certificate_expires_timestamp_seconds{{{N},pod="a",endpoint="ingest"}}': f"{7 * DAY}x200",
         f'falconer_certificate_expires_timestamp_seconds{{{N},pod="b",endpoint="ingest"}}': f"{90 * DAY}x200",
         f'falconer_certificate_expires_timestamp_seconds{{{N},pod="a",endpoint="console"}}': f"{90 * DAY}x200"},
        (0, 60), (61,), {"namespace": "falconer", "endpoint": "ingest"},
        "That of ingest ends in 6d 22h 59m 0s. Then nobody who checks it comes through; a new one is read from its file without a restart."),
    "FalconerConsoleDown": Alert(
        {f'up{{job="falconer-console-replicas",{N},pod="a"}}': "1x9 0x30", f'up{{job="falconer-console-replicas",{N},pod="b"}}': "0x39",
         f'up{{job="falconer-ingestor-replicas",{N},pod="c"}}': "1x39"},
        (9, 19), (20,)),
    "FalconerReplicaBehind": Alert(
        {f"falconer_store_replica_behind_seconds{A}": "300x9 600x30"}, (9, 19), (20,), {"namespace": "falconer"},
        "The replica that it reads from is 10m 0s behind the primary."),
}
CONTROLLER = {
    "FalconerControllerDown": Alert({'falconer_shoots{pod="a"}': "7x9 _x30"}, (9, 14, 28), (30,)),
    "FalconerShootsTroubled": Alert(
        {'falconer_shoots{pod="a"}': "100x99", 'falconer_shoots_troubled{pod="a"}': "10x9 11x90", 'falconer_shoots{pod="b"}': "0x99",
         'falconer_shoots_troubled{pod="b"}': "0x99"},
        (9, 39), (40,), {}, "11 Extensions could not be worked on for half an hour. Their status says why."),
    "FalconerRulesMissing": Alert(
        {'falconer_rules_missing_versions{pod="a"}': "0x9 1x200", 'falconer_rules_missing_versions{pod="b"}': "0x209"}, (9, 129), (130,), {},
        "1 versions of rules have been missing for two hours. Clusters that are moved there keep the Falco they have; the log says what is "
        "missing and why."),
}
JOB = "gardener-extension-admission-shoot-falco-service"
ADMISSION = {
    "FalconerAdmissionDown": Alert(
        {f'up{{job="{JOB}",pod="a"}}': "1x9 0x30", f'up{{job="{JOB}",pod="b"}}': "0x39"}, (9, 14), (15,)),
    "FalconerAdmissionCertificateEnds": Alert(
        {'falconer_admission_certificate_expires_timestamp_seconds{pod="a"}': f"{2 * DAY}x100",
         'falconer_admission_certificate_expires_timestamp_seconds{pod="b"}': f"{20 * DAY}x100"}, (0, 60), (61,)),
    "FalconerAdmissionNotRegistered": Alert(
        {'falconer_admission_webhook_failures_total{pod="a"}': "0x29 1+1x100", 'falconer_admission_webhook_failures_total{pod="b"}': "0x129"},
        (29, 60), (70,)),
    "FalconerMaintenanceStuck": Alert(
        {'falconer_maintenance_stuck{pod="a"}': "0x9 3x100"}, (9, 69), (70,), {},
        "3 clusters run an expired version, and no FalcoProfile offers a supported one that has not expired."),
}
