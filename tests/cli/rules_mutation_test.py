"""falconer rules lint finds what somebody breaks: each mutant has one fault that Falco refuses or warns of.

Written from the documentation of Falco's rule language alone: https://falco.org/docs/concepts/rules/ and
https://falco.org/docs/reference/rules/. A mutant counts as found when a problem is reported that the unbroken files do not have.

Usage: rules_mutation_test.py FALCONER [SEED], from the source tree's root.
"""
import collections
import concurrent.futures
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import yaml

VERSION = "0.44.1"
LEAST_MUTANTS = 500
LEAST_SCORE = 95.0
PER_CLASS = 7  # for each file
SHARED = pathlib.Path("../shared/data/rules/5.1.0")
DEMO = pathlib.Path("config/rules/demo/5.1.0/falco_rules.yaml")
SAMPLE = pathlib.Path("tests/samples/rules/custom_rules.yaml")

NUMBERS = {"proc.pid", "proc.ppid", "proc.vpid", "fd.num", "user.uid", "user.loginuid", "proc.tty", "evt.num", "evt.rawres"}
BOOLEANS = {"evt.is_open_read", "evt.is_open_write", "evt.is_open_exec", "proc.is_exe_writable", "proc.is_exe_upper_layer",
            "fd.connected", "fd.name_changed", "container.privileged", "proc.is_exe_from_memfd", "proc.is_vpgid_leader"}
ADDRESSES = {"fd.sip", "fd.cip", "fd.rip", "fd.lip", "fd.ip"}
NETWORKS = {"fd.snet", "fd.cnet", "fd.net", "fd.rnet"}
TEXTS = {"proc.name", "proc.pname", "proc.cmdline", "proc.exepath", "fd.name", "fd.directory", "container.image.repository",
         "user.name", "container.id", "proc.args", "fd.filename"}
FIELD = re.compile(r"(?<![\w.%(])(?:evt|proc|fd|fs|user|group|container|k8s|thread)(?:\.[a-z][a-z0-9_]*)+")
WORD_OPERATORS = ["startswith", "endswith", "contains", "icontains", "pmatch", "glob", "regex", "in", "exists"]


class Value:
    """A scalar of the file, as it stands there."""

    def __init__(self, text, node):
        self.begin, self.end = node.start_mark.index, node.end_mark.index
        self.raw = text[self.begin:self.end]
        self.node = node


class Item:
    def __init__(self, text, node):
        self.node, self.text = node, text
        self.begin, self.end = node.start_mark.index, node.end_mark.index
        self.pairs = [(key, value) for key, value in node.value]
        self.keys = [key.value for key, _ in self.pairs]
        self.kind = self.keys[0]
        self.name = self.pairs[0][1].value if isinstance(self.pairs[0][1], yaml.ScalarNode) else ""

    def get(self, name):
        return next((value for key, value in self.pairs if key.value == name), None)

    def pair(self, name):
        """From the key to where the next one begins, or the item ends."""
        at = self.keys.index(name)
        begin = self.pairs[at][0].start_mark.index
        end = self.pairs[at + 1][0].start_mark.index if at + 1 < len(self.pairs) else self.end
        return begin, end

    def is_full_rule(self):
        return self.kind == "rule" and {"condition", "desc", "output", "priority"} <= set(self.keys) and "override" not in self.keys


class File:
    def __init__(self, path):
        self.path, self.text = path, path.read_text()
        self.items = [Item(self.text, node) for node in yaml.compose(self.text).value]

    def of(self, kind):
        return [item for item in self.items if item.kind == kind]

    def conditions(self):
        return [Value(self.text, item.get("condition")) for item in self.items if item.get("condition") is not None]

    def outputs(self):
        return [Value(self.text, item.get("output")) for item in self.items if item.get("output") is not None]

    def replaced(self, begin, end, by):
        return self.text[:begin] + by + self.text[end:]

    def without(self, item):
        begin = self.text.rfind("- ", 0, item.begin + 2)
        return self.replaced(begin, item.end, "")


def quoted_spans(raw):
    return [match.span() for match in re.finditer(r"\"[^\"\n]*\"|'[^'\n]*'", raw)]


def outside_quotes(raw, matches):
    spans = quoted_spans(raw)
    return [m for m in matches if not any(begin <= m.start() < end for begin, end in spans)]


def in_conditions(file, pattern, make):
    """A mutant for each place in a condition that fits and stands in no quoted text; `make` says what comes there, or None."""
    for value in file.conditions():
        if value.raw[:1] in "'\"":
            continue
        for match in outside_quotes(value.raw, re.finditer(pattern, value.raw)):
            by = make(match)
            if by is not None:
                yield file.replaced(value.begin + match.start(), value.begin + match.end(), by)


def checks_of(fields, operators=r"(!=|<=|>=|=|<|>)"):
    names = "|".join(sorted(map(re.escape, fields), key=len, reverse=True))
    return rf"(?<![\w.(])({names})(?![\w.\[])\s*{operators}\s*([^\s()\"']+)"


# --- in a condition -----------------------------------------------------------------------------

def misspelt_field(file, rng):
    def make(match):
        head, _, tail = match.group().rpartition(".")
        if match.group().startswith(("evt.arg", "evt.type")) or len(tail) < 3:
            return None
        at = rng.randrange(1, len(tail))
        return f"{head}.{tail[:at]}q{tail[at:]}"
    return in_conditions(file, FIELD, make)


def misspelt_field_class(file, rng):
    return in_conditions(file, FIELD, lambda m: m.group()[0] + "x" + m.group()[1:])


def missing_field_part(file, rng):
    return in_conditions(file, r"(?<![\w.])(proc\.name|fd\.name|user\.name)(?![\w.\[])", lambda m: m.group()[:-3])


def misspelt_macro(file, rng):
    names = "|".join(sorted((re.escape(item.name) for item in file.of("macro")), key=len, reverse=True))
    return in_conditions(file, rf"(?<![\w.=,(/-])({names})(?![\w.,/-])(?!\s*=)", lambda m: m.group()[:-1] + "zq")


def misspelt_list_used_once(file, rng):
    """Of a list that nothing else refers to: Falco warns that it is unused."""
    for item in file.of("list"):
        uses = [m for m in re.finditer(rf"(?<![\w/.-]){re.escape(item.name)}(?![\w/.-])", file.text) if m.start() > item.end]
        if len(uses) == 1 and "override" not in item.keys and "_" in item.name:
            yield file.replaced(uses[0].start(), uses[0].end(), item.name[:-2] + item.name[-1])


def misspelt_operator(file, rng):
    def make(match):
        word = match.group(1)
        at = rng.randrange(1, len(word))
        return " " + word[:at] + "w" + word[at:] + " "
    return in_conditions(file, r" (startswith|endswith|contains|icontains|pmatch|glob|regex|in) ", make)


def doubled_operator(file, rng):
    return in_conditions(file, r" (=|!=|startswith|endswith|contains) ", lambda m: m.group() + m.group(1) + " ")


def missing_operator(file, rng):
    return in_conditions(file, r"(?<=[\w]) (=|!=|startswith|endswith|contains|in) (?=[\w/(\"'])", lambda m: " ")


def missing_value(file, rng):
    return in_conditions(file, checks_of(TEXTS, r"(=|!=)") + r"(?=\s+(and|or)\b|\)|$)", lambda m: f"{m.group(1)} {m.group(2)} ")


def opened_parenthesis(file, rng):
    return in_conditions(file, r"\(", lambda m: "" if rng.random() < 0.5 else "((")


def closed_parenthesis(file, rng):
    return in_conditions(file, r"\)", lambda m: "" if rng.random() < 0.5 else "))")


def missing_junction(file, rng):
    return in_conditions(file, r"(?<=\S)(\s+)(and|or)(\s+)(?=[\w(])", lambda m: m.group(1))


def doubled_junction(file, rng):
    return in_conditions(file, r"(?<=\s)(and|or)(\s+)(?=[\w(])", lambda m: f"{m.group(1)} {rng.choice(['and', 'or'])}{m.group(2)}")


def other_languages_junction(file, rng):
    return in_conditions(file, r"(?<=\s)(and|or)(\s+)(?=[\w(])", lambda m: ("&&" if m.group(1) == "and" else "||") + m.group(2))


def junction_at_the_end(file, rng):
    for value in file.conditions():
        if value.raw[:1] not in "'\"":
            end = len(value.raw.rstrip())
            yield file.replaced(value.begin + end, value.begin + end, rng.choice([" and", " or", " and not"]))


def text_operator_on_number(file, rng):
    return in_conditions(file, checks_of(NUMBERS), lambda m: f"{m.group(1)} {rng.choice(['startswith', 'contains', 'glob'])} {m.group(3)}")


def text_operator_on_boolean(file, rng):
    return in_conditions(file, checks_of(BOOLEANS, "(=|!=)"), lambda m: f"{m.group(1)} {rng.choice(['startswith', 'endswith', 'icontains'])} {m.group(3)}")


def order_of_booleans(file, rng):
    return in_conditions(file, checks_of(BOOLEANS, "(=|!=)"), lambda m: f"{m.group(1)} {rng.choice(['<', '>='])} 1")


def text_operator_on_address(file, rng):
    return in_conditions(
        file, rf"(?<![\w.])({'|'.join(sorted(map(re.escape, ADDRESSES | NETWORKS)))})(?![\w.\[])\s*(!=|=|in)(?=[\s(\"'])",
        lambda m: f"{m.group(1)} {rng.choice(['startswith', 'contains'])}")


def bytes_operator_on_text(file, rng):
    return in_conditions(file, checks_of(TEXTS, r"(=|startswith|contains)"), lambda m: f"{m.group(1)} bcontains {m.group(3)}")


def bytes_that_are_none(file, rng):
    return in_conditions(file, checks_of(TEXTS, "(=|startswith|contains)"),
                         lambda m: f"evt.buffer {rng.choice(['bcontains', 'bstartswith'])} {rng.choice(['caf', '0xff', 'hello'])}")


def broken_pattern(file, rng):
    return in_conditions(file, checks_of(TEXTS, "(=|startswith|endswith|contains)"),
                         lambda m: f"{m.group(1)} regex {rng.choice(['[a-', '*.so', 'a{3000}', '[z-a]', '[[:digits:]]'])}")


def pattern_of_another_language(file, rng):
    return in_conditions(file, checks_of(TEXTS, "(=|startswith|endswith|contains)"),
                         lambda m: f"{m.group(1)} regex {rng.choice(['/tmp/[0-9]+.b', 'bin.w+']).replace('.', chr(92))}")


def pattern_from_a_field(file, rng):
    return in_conditions(file, checks_of(TEXTS, "(=|startswith|endswith|contains)"), lambda m: f"{m.group(1)} regex val(proc.name)")


def text_for_number(file, rng):
    return in_conditions(file, checks_of(NUMBERS), lambda m: f"{m.group(1)} {m.group(2)} {rng.choice(['many', '12abc', 'O'])}")


def text_for_boolean(file, rng):
    return in_conditions(file, checks_of(BOOLEANS, "(=|!=)"), lambda m: f"{m.group(1)} {m.group(2)} {rng.choice(['maybe', 'ture', '2x'])}")


def order_by_text(file, rng):
    return in_conditions(file, checks_of(TEXTS, "(=|!=)"), lambda m: f"{m.group(1)} >= abc")


def wrong_address(file, rng):
    for item in file.of("list") + [None]:
        for match in re.finditer(r"\b(\d+)\.(\d+)\.(\d+)\.(\d+)(/\d+)?", file.text):
            inside = item is not None and item.begin <= match.start() < item.end
            if inside or (item is None and any(v.begin <= match.start() < v.end for v in file.conditions())):
                yield file.replaced(match.start(), match.end(), f"{match[1]}.{match[2]}.999.{match[4]}{match[5] or ''}")


def unknown_event(file, rng):
    return in_conditions(file, r"evt\.type\s*=\s*([a-z_0-9]{4,})", lambda m: m.group()[:-2] + "q" + m.group()[-2:])


def unknown_event_in_list(file, rng):
    return in_conditions(file, r"(?<=evt\.type in \()([a-z_0-9]{4,})", lambda m: m.group(1)[:2] + m.group(1)[3:] + "qx")


def unknown_argument_of_event(file, rng):
    return in_conditions(file, r"evt\.arg\.([a-z_]{4,})", lambda m: m.group()[:-2] + "zz" + m.group()[-2:])


def argument_where_none_is(file, rng):
    return in_conditions(file, r"(?<![\w.(])(proc\.name|fd\.name|user\.name|fd\.num)(?![\w.\[])", lambda m: m.group() + "[1]")


def argument_left_out(file, rng):
    return in_conditions(file, r"(evt\.arg)\.[a-z_]+|(container\.mount\.dest)\[[^\]]*\]", lambda m: m.group(1) or m.group(2))


def argument_of_the_wrong_kind(file, rng):
    return in_conditions(file, r"(proc\.aname|proc\.aexe|proc\.aexepath|proc\.acmdline)\[\d+\]", lambda m: m.group(1) + "[parent]")


def argument_left_open(file, rng):
    return in_conditions(file, r"(proc\.aname|proc\.env|container\.mount\.dest)\[([^\]]*)\]", lambda m: f"{m.group(1)}[{m.group(2)}")


def unknown_transformer(file, rng):
    return in_conditions(file, r"(?<![\w.(])(proc\.name|proc\.cmdline|fd\.name|proc\.args|proc\.exepath)(?=\s*(=|!=|contains|startswith|endswith))",
                         lambda m: f"{rng.choice(['lower', 'tolowercase', 'trim', 'base64'])}({m.group(1)})")


def transformer_left_open(file, rng):
    return in_conditions(file, r"(?<![\w.(])(proc\.name|proc\.cmdline|fd\.name|proc\.args|proc\.exepath)(?=\s*(=|!=|contains|startswith|endswith))",
                         lambda m: f"toupper({m.group(1)}")


def transformer_of_a_number(file, rng):
    return in_conditions(file, checks_of(NUMBERS), lambda m: f"toupper({m.group(1)}) {m.group(2)} {m.group(3)}")


def open_quote(file, rng):
    return (file.replaced(v.begin + span[1] - 1, v.begin + span[1], "")
            for v in file.conditions() if v.raw[:1] not in "'\"" for span in quoted_spans(v.raw))


def empty_condition(file, rng):
    for item in file.of("macro") + file.of("rule"):
        if item.get("condition") is not None:
            begin, end = item.pair("condition")
            yield file.replaced(begin, end, rng.choice(['condition: ""\n  ', "condition:\n  "]))


# --- in an output -------------------------------------------------------------------------------

def unknown_field_in_output(file, rng):
    for value in file.outputs():
        for match in re.finditer(r"%(proc|fd|user|container\.image)\.([a-z]\w*)", value.raw):
            yield file.replaced(value.begin + match.start(2), value.begin + match.start(2) + 1, "qz")


def unknown_field_class_in_output(file, rng):
    for value in file.outputs():
        for match in re.finditer(r"%(proc|fd|user)\.", value.raw):
            yield file.replaced(value.begin + match.start(1), value.begin + match.end(1), match.group(1) + "s")


def output_ends_with_percent(file, rng):
    for value in file.outputs():
        if value.raw[:1] not in "'\"":
            end = len(value.raw.rstrip())
            yield file.replaced(value.begin + end, value.begin + end, " %")


def unknown_transformer_in_output(file, rng):
    for value in file.outputs():
        for match in re.finditer(r"%(proc\.cmdline|fd\.name)", value.raw):
            yield file.replaced(value.begin + match.start(), value.begin + match.end(), f"%lower({match.group(1)})")


# --- of entries ---------------------------------------------------------------------------------

def unknown_priority(file, rng):
    for item in file.of("rule"):
        if item.get("priority") is not None:
            value = Value(file.text, item.get("priority"))
            yield file.replaced(value.begin, value.end, rng.choice(["SEVERE", "WARN", "HIGH", value.raw + "S", "3"]))


def missing_key(file, rng):
    for item in file.items:
        for key in {"rule": ["desc", "output", "priority", "condition"], "macro": ["condition"], "list": ["items"]}.get(item.kind, []):
            if key in item.keys and (item.kind != "rule" or item.is_full_rule()):
                yield file.replaced(*item.pair(key), "")


def misspelt_key(file, rng):
    for item in file.items:
        for key, _ in item.pairs[1:]:
            at = rng.randrange(1, len(key.value))
            yield file.replaced(key.start_mark.index, key.end_mark.index, key.value[:at] + "x" + key.value[at:])


def unknown_entry(file, rng):
    for item in file.items:
        key = item.pairs[0][0]
        yield file.replaced(key.start_mark.index, key.end_mark.index, key.value + "s")


def wrong_kind(file, rng):
    for item in file.items:
        for name, by in (("condition", "[a, b]"), ("condition", "{a: b}"), ("items", "text"), ("items", "{a: b}"), ("priority", "[ERROR]"),
                         ("tags", "text"), ("enabled", "perhaps"), ("output", "[a]"), ("desc", "{a: b}"), ("exceptions", "text"),
                         ("override", "append"), ("source", "[syscall]")):
            if name in item.keys:
                begin, end = item.pair(name)
                yield file.replaced(begin, end, f"{name}: {by}\n  ")


def list_in_list(file, rng):
    for item in file.of("list"):
        if item.get("items") is not None and item.get("items").value:
            value = Value(file.text, item.get("items").value[0])
            if "\n" not in value.raw and file.text[item.get("items").start_mark.index] == "[":
                yield file.replaced(value.begin, value.end, f"[{value.raw}]")


def name_of_wrong_kind(file, rng):
    for item in file.items:
        if item.kind in ("rule", "macro", "list"):
            value = Value(file.text, item.pairs[0][1])
            yield file.replaced(value.begin, value.end, rng.choice(["[a]", "", "{a: b}"]))


def invalid_name(file, rng):
    for item in file.of("macro"):
        if "override" not in item.keys:
            value = Value(file.text, item.pairs[0][1])
            yield file.replaced(value.begin, value.end, rng.choice(["my macro", "9lives", "with-dash", "a(b)"]))


def dropped_macro(file, rng):
    for item in file.of("macro"):
        uses = [v for v in file.conditions() if re.search(rf"(?<![\w.]){re.escape(item.name)}(?![\w.])", v.raw)]
        if "override" not in item.keys and any(not item.begin <= v.begin < item.end for v in uses):
            yield file.without(item)


def macro_behind_its_use(file, rng):
    for item in file.of("macro"):
        used = any(
            re.search(rf"(?<![\w.=]){re.escape(item.name)}(?![\w.])", Value(file.text, other.get("condition")).raw)
            for other in file.of("macro") if other is not item and other.begin > item.begin)
        if used and "override" not in item.keys:
            begin = file.text.rfind("- ", 0, item.begin + 2)
            yield file.without(item).rstrip() + "\n\n" + file.text[begin:item.end].rstrip() + "\n"


def recursive_macro(file, rng):
    for item in file.of("macro"):
        value = Value(file.text, item.get("condition"))
        if value.raw[:1] not in "'\"" and "override" not in item.keys:
            end = len(value.raw.rstrip())
            yield file.replaced(value.begin + end, value.begin + end, f" or {item.name}")


def entry_is_a_text(file, rng):
    for item in file.items:
        begin = file.text.rfind("- ", 0, item.begin + 2)
        yield file.replaced(begin, item.end, rng.choice(["- some text\n", "- [a, b]\n"]))


def file_is_a_mapping(file, rng):
    yield "rules:\n" + "".join(f"  {line}\n" if line else "\n" for line in file.text.splitlines())
    yield "some text\n"


def broken_yaml(file, rng):
    for item in file.items:
        yield file.replaced(item.begin, item.begin, "\t" + rng.choice(["", "{"]))
        end = item.pairs[0][1].end_mark.index
        yield file.replaced(end, end, ": [")


# --- overrides ----------------------------------------------------------------------------------

def added(file, texts):
    for text in texts:
        yield file.text.rstrip() + "\n\n" + text


def override_of_nothing(file, rng):
    return added(file, [
        "- rule: No such rule\n  condition: and proc.name = a\n  override:\n    condition: append\n",
        "- rule: No such rule\n  priority: ERROR\n  override:\n    priority: replace\n",
        "- rule: No such rule\n  tags: [a]\n  override:\n    tags: append\n",
        "- macro: no_such_macro\n  condition: or proc.name = a\n  override:\n    condition: append\n",
        "- list: no_such_list\n  items: [a]\n  override:\n    items: append\n",
        "- rule: No such rule\n  condition: and proc.name = a\n  append: true\n",
        "- macro: no_such_macro\n  condition: or proc.name = a\n  append: true\n",
        "- list: no_such_list\n  items: [a]\n  append: true\n",
        "- rule: No such rule\n  enabled: false\n",
    ])


def wrong_override(file, rng):
    rule = next(item for item in file.of("rule") if item.is_full_rule()).name
    macro = file.of("macro")[0].name
    one = file.of("list")[0].name
    return added(file, [
        f"- rule: {rule}\n  priority: ERROR\n  override:\n    priority: append\n",
        f"- rule: {rule}\n  enabled: false\n  override:\n    enabled: append\n",
        f"- rule: {rule}\n  condition: and proc.name = a\n  override:\n    condition: prepend\n",
        f"- rule: {rule}\n  condition: and proc.name = a\n  override:\n    condition: append\n    output: append\n",
        f"- rule: {rule}\n  condition: and proc.name = a\n  output: b\n  override:\n    condition: append\n",
        f"- rule: {rule}\n  condition: and proc.name = a\n  append: true\n  override:\n    condition: append\n",
        f"- rule: {rule}\n  source: syscall\n  override:\n    source: replace\n",
        f"- macro: {macro}\n  condition: or proc.name = a\n  override:\n    condition: add\n",
        f"- macro: {macro}\n  condition: or proc.name = a\n  append: true\n  override:\n    condition: append\n",
        f"- macro: {macro}\n  condition: or proc.name = a\n  override:\n    items: append\n",
        f"- list: {one}\n  items: [a]\n  override:\n    items: merge\n",
        f"- list: {one}\n  items: [a]\n  override:\n    condition: append\n",
        f"- rule: {rule}\n  condition: proc.name = a\n  override:\n    condition: append\n",
        f"- rule: {rule}\n  desc: a\n  condition: evt.type = open\n  output: b\n  priority: ERROR\n  source: k8s_audit\n",
        f"- rule: {rule}\n  override:\n    condition: replace\n",
    ])


# --- exceptions ---------------------------------------------------------------------------------

RULE = """- rule: With an exception
  desc: Some text.
  condition: evt.type = open and proc.name = cat
  output: Something (name=%%proc.name)
  priority: ERROR
  exceptions:
%s"""


def wrong_exceptions(file, rng):
    shapes = [
        "    - name: a\n      fields: [proc.name, fd.names]\n      values:\n        - [a, b]\n",
        "    - name: a\n      fields: proc.names\n      values: [a]\n",
        "    - name: a\n      fields: [proc.name, fd.name]\n      comps: [=]\n      values:\n        - [a, b]\n",
        "    - name: a\n      fields: [proc.name, fd.name]\n      comps: [=, in, =]\n      values:\n        - [a, b]\n",
        "    - name: a\n      fields: [proc.name, fd.name]\n      values:\n        - [a]\n",
        "    - name: a\n      fields: [proc.name, fd.name]\n      values:\n        - [a, b, c]\n",
        "    - name: a\n      fields: [proc.name, fd.name]\n      comps: [=, is]\n      values:\n        - [a, b]\n",
        "    - name: a\n      fields: proc.name\n      comps: startswith\n      values: [a]\n",
        "    - name: a\n      fields: proc.name\n      comps: [in]\n      values: [a]\n",
        "    - name: a\n      fields: proc.name\n      values:\n        - [a, b]\n",
        "    - name: a\n      fields: proc.name\n      values: a\n",
        "    - fields: proc.name\n      values: [a]\n",
        "    - name: a\n      values: [a]\n",
        "    - name: a\n      fields: proc.name\n      values: [a]\n    - name: a\n      fields: fd.name\n      values: [a]\n",
        "    - just a text\n",
        "    - name: a\n      fields: [proc.pid, fd.name]\n      comps: [startswith, =]\n      values:\n        - [1, b]\n",
        "    - name: a\n      fields: [proc.pid, fd.name]\n      values:\n        - [many, b]\n",
        "    - name: [a]\n      fields: proc.name\n      values: [a]\n",
    ]
    yield from added(file, [RULE % shape for shape in shapes])
    base = RULE % "    - name: a\n      fields: [proc.name, fd.name]\n      values:\n        - [a, b]\n"
    again = "\n- rule: With an exception\n  exceptions:\n%s  override:\n    exceptions: append\n"
    yield from added(file, [base + again % more for more in (
        "    - name: b\n      values:\n        - [a, b]\n",
        "    - name: a\n      fields: [proc.name, fd.name]\n      values:\n        - [a, b]\n",
        "    - name: a\n      comps: [=, =]\n      values:\n        - [a, b]\n",
        "    - name: a\n      values:\n        - [a]\n",
        "    - name: a\n",
    )])


def damaged_exceptions(file, rng):
    for item in file.of("rule"):
        node = item.get("exceptions")
        for entry in node.value if isinstance(node, yaml.SequenceNode) else []:
            for key, value in entry.value:
                if key.value in ("fields", "comps") and isinstance(value, yaml.SequenceNode):
                    last = value.value[-1]
                    before = file.text.rfind(",", value.start_mark.index, last.start_mark.index)
                    yield file.replaced(before, last.end_mark.index, "")
                if key.value == "name" and entry.value[1:]:
                    yield file.replaced(key.start_mark.index, key.end_mark.index, "nmae")


# --- versions -----------------------------------------------------------------------------------

def wrong_versions(file, rng):
    return added(file, [f"- {text}\n" for text in (
        "required_engine_version: 0.99.0", "required_engine_version: 1.0.0", "required_engine_version: 99", "required_engine_version: newest",
        "required_engine_version: 0.50", "required_engine_version: [0.50.0]",
        "required_plugin_versions: container", "required_plugin_versions: [container]",
        "required_plugin_versions:\n    - name: container", "required_plugin_versions:\n    - version: 0.2.0",
        "required_plugin_versions:\n    - name: container\n      version: latest",
        "required_plugin_versions:\n    - name: container\n      version: 9.0.0",
        "required_plugin_versions:\n    - name: container\n      version: 0.2.0\n      alternatives: containers",
        "required_plugin_versions:\n    - name: container\n      version: 0.2.0\n      alternatives:\n        - name: container\n          version: 0.2.0",
    )])


def unknown_source(file, rng):
    for item in file.of("rule"):
        if item.is_full_rule():
            yield file.replaced(*item.pair("priority"), "priority: ERROR\n  source: syscalls\n  ") \
                if "source" not in item.keys else file.replaced(*item.pair("source"), "source: syscalls\n  ")


def nothing_restricts_the_event(file, rng):
    return added(file, [
        f"- rule: Expensive\n  desc: Some text.\n  condition: {condition}\n  output: Something\n  priority: ERROR\n"
        for condition in ("proc.name = cat", "evt.type = open or proc.name = cat", "not evt.type = open", "evt.type != execve and fd.name = /x",
                          "evt.type exists and proc.name = cat")
    ])


CLASSES = [
    misspelt_field, misspelt_field_class, missing_field_part, misspelt_macro, misspelt_list_used_once, misspelt_operator, doubled_operator,
    missing_operator, missing_value, opened_parenthesis, closed_parenthesis, missing_junction, doubled_junction, other_languages_junction,
    junction_at_the_end, text_operator_on_number, text_operator_on_boolean, order_of_booleans, text_operator_on_address,
    bytes_operator_on_text, bytes_that_are_none, broken_pattern, pattern_of_another_language, pattern_from_a_field, text_for_number, text_for_boolean, wrong_address, unknown_event, unknown_event_in_list,
    unknown_argument_of_event, argument_where_none_is, argument_left_out, argument_of_the_wrong_kind, argument_left_open,
    unknown_transformer, transformer_left_open, transformer_of_a_number, open_quote, empty_condition, order_by_text,
    unknown_field_in_output, unknown_field_class_in_output, output_ends_with_percent, unknown_transformer_in_output,
    unknown_priority, missing_key, misspelt_key, unknown_entry, wrong_kind, list_in_list, name_of_wrong_kind, invalid_name,
    dropped_macro, macro_behind_its_use, recursive_macro, entry_is_a_text, file_is_a_mapping, broken_yaml,
    override_of_nothing, wrong_override, wrong_exceptions, damaged_exceptions, wrong_versions, unknown_source, nothing_restricts_the_event,
]
EVERY_ONE = {override_of_nothing, wrong_override, wrong_exceptions, wrong_versions, nothing_restricts_the_event, file_is_a_mapping}


def lint(before, path):
    command = [FALCONER, "rules", "lint", "--falco-version", VERSION]
    for each in before:
        command += ["--with", str(each)]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=120)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} {path}: exit {done.returncode}\n{done.stderr}")
    problems = collections.Counter()
    for line in done.stdout.splitlines():
        place = re.match(r"(.+?):(\d+)(?::(\d+))?: (error|warning): (.+)", line)
        if place:
            problems[place[4], place[5]] += 1
    return problems


def mutants(rng):
    """Of each file: what is loaded before it, its class, its text."""
    files = [([DEMO], File(SAMPLE))]
    if SHARED.is_dir():
        standard = SHARED / "falco_rules.yaml"
        files += [([], File(standard)), ([standard], File(SHARED / "falco-incubating_rules.yaml"))]
    else:
        print("without the standard rules: ../shared is not there")
        files.append(([], File(DEMO)))
    for number, (before, file) in enumerate(files):
        for kind in CLASSES:
            if number > 0 and kind in EVERY_ONE:
                continue
            made = list(dict.fromkeys(text for text in kind(file, rng) if text != file.text))
            few = made if kind in EVERY_ONE else rng.sample(made, min(PER_CLASS, len(made)))
            for text in few:
                yield before, file, kind.__name__, text


def show(file, text):
    old, new = file.text.splitlines(), text.splitlines()
    at = next((n for n, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
    return f"{file.path.name}:{at + 1}: " + " | ".join(line.strip() for line in new[at:at + 2])


def main():
    rng = random.Random(SEED)
    baseline = {}
    survivors, total, refused = [], collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        def judge(number, before, file, kind, text):
            path = pathlib.Path(folder) / f"{number}" / file.path.name
            path.parent.mkdir()
            path.write_text(text)
            more = lint(before, path) - baseline[file.path]
            return file, kind, text, more

        waiting = []
        for number, (before, file, kind, text) in enumerate(mutants(rng)):
            if file.path not in baseline:
                baseline[file.path] = lint(before, file.path)
                errors = [text for (severity, text) in baseline[file.path] if severity == "error"]
                if errors:
                    raise SystemExit(f"{file.path} is not broken, but: {errors}")
            waiting.append(pool.submit(judge, number, before, file, kind, text))
        for done in waiting:
            file, kind, text, more = done.result()
            total[kind] += 1
            refused += any(severity == "error" for severity, _ in more)
            if not more:
                survivors.append(f"{kind}: {show(file, text)}")
    count = sum(total.values())
    score = 100 * (count - len(survivors)) / count
    print(f"seed {SEED}: {count} mutants of {len(total)} classes, {count - len(survivors)} found ({score:.1f} %), {refused} of them as errors")
    for line in survivors:
        print("survived:", line)
    missing = [kind.__name__ for kind in CLASSES if total[kind.__name__] == 0]
    if missing:
        print("classes without a mutant:", *missing)
    if count < LEAST_MUTANTS or score < LEAST_SCORE:
        raise SystemExit(f"expected at least {LEAST_MUTANTS} mutants and {LEAST_SCORE} %")


if __name__ == "__main__":
    FALCONER = sys.argv[1]
    SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20261127
    main()
