"""A key for what clang-tidy would say about a file: the same wherever the tree lies, another one when anything that it
reads has changed.

It reads the file, what that includes (directly or through another header, whatever the preprocessor would leave out of
it), .clang-tidy, the command that compiles it, and itself. Headers of the system are known by the packages they came
with: `Sources.system`.
"""
import functools
import hashlib
import json
import pathlib
import re
import shlex
import subprocess

INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
FOLDERS = ("-I", "-iquote", "-isystem")


def installed():
    """What is known of everything that does not lie in the tree."""
    said = subprocess.run(["clang-tidy-19", "--version"], check=True, capture_output=True).stdout
    packages = subprocess.run(["dpkg-query", "-W", "*-dev*"], check=False, capture_output=True).stdout
    return hashlib.sha256(said + packages).hexdigest()


class Command:
    """How a file is compiled, in words that do not say where the tree is."""

    def __init__(self, entry, root):
        words = entry["arguments"] if "arguments" in entry else shlex.split(entry["command"])
        while "++" not in pathlib.PurePath(words[0]).name:  # ccache and its environment
            words = words[1:]
        out = words.index("-o")
        words = words[:out] + words[out + 2:]
        self.folders = []
        for word, after in zip(words, words[1:] + [""]):
            for flag in FOLDERS:
                if word == flag or word.startswith(flag):
                    self.folders.append(pathlib.Path(entry["directory"], after if word == flag else word[len(flag):]))
        # A path is what it is from the tree's root: `-I/home/me/falconer/src` is `-Isrc`.
        inside = re.compile(re.escape(str(root)) + r"(/|(?=$|[=:,\"']))")
        self.words = tuple(inside.sub("", word) for word in words)


class Sources:
    """The tree at `root`, as a compilation database (a path, from there) compiles it."""

    def __init__(self, root, database, system=""):
        self.root, self.system = root.resolve(), system
        self.settings = (root / ".clang-tidy").read_bytes()
        self.commands = {}
        for entry in json.loads((root / database).read_text(encoding="utf-8")):
            path = pathlib.Path(entry["directory"], entry["file"])
            if path.is_relative_to(self.root):
                self.commands[str(path.relative_to(self.root))] = Command(entry, self.root)

    @functools.cache
    def read(self, path):
        """(digest, [(is it in quotes, name)])"""
        text = path.read_bytes()
        return hashlib.sha256(text).hexdigest(), [(mark == b'"', name.decode()) for mark, name in INCLUDE.findall(text)]

    @functools.cache
    def is_file(self, path):
        return path.is_file()

    def found(self, includer, quoted, name, folders):
        """The file of the tree that is included; None: the system's."""
        for folder in [includer.parent, *folders] if quoted else folders:
            path = folder / name
            if path.is_relative_to(self.root) and self.is_file(path):
                return path
        return None

    @functools.cache
    def behind(self, source):
        """{path: digest} of the file and everything of the tree that it includes; names of the system's headers."""
        folders = self.commands[source].folders
        files, names, left = {}, set(), [self.root / source]
        while left:
            path = left.pop()
            inner = str(path.relative_to(self.root))
            if inner in files:
                continue
            files[inner], includes = self.read(path)
            for quoted, name in includes:
                one = self.found(path, quoted, name, folders)
                if one:
                    left.append(normal(one))
                else:
                    names.add(name)
        return files, names

    def key(self, source):
        files, names = self.behind(source)
        what = [self.system, hashlib.sha256(self.settings).hexdigest(), self.commands[source].words, sorted(files.items()), sorted(names)]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


def normal(path):
    """Without `..`: one file has one name. Not resolved: a link is read where it stands."""
    parts = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return pathlib.Path(*parts)
