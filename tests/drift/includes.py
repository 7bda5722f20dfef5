#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""includes.py - a source file includes only what its folder's meson.build names, and no process another's header.

What a name stands for is read from the meson.build files: a library of ours (x_dep) is the folder that declares it, with
all that its declaration names in turn; a system library is its headers, in the table below.
"""

import os
import re
import subprocess

import say

PROCESSES = ("gateway", "decider", "cleaner", "notifier", "monitor")
LIBRARIES_OF_ALL = ("cleaner/engine",)  # a pure library, used by more than its process

# system header's beginning -> the word of a dependency in meson.build
SYSTEM = {
    "czmq.h": "libczmq", "zmq.h": "libzmq", "ev.h": "ev", "hiredis/": "hiredis", "libpq-fe.h": "libpq",
    "curl/": "libcurl", "cjson/": "libcjson", "jwt.h": "libjwt", "sodium.h": "libsodium", "systemd/": "libsystemd",
    "libwebsockets.h": "libwebsockets", "check.h": "check", "flite/": "flite", "uthash.h": "", "utlist.h": "", "utarray.h": "",
    "unicase.h": "unistring", "unictype.h": "unistring", "unigbrk.h": "unistring", "uninorm.h": "unistring",
    "unistr.h": "unistring", "unitypes.h": "unistring", "uniwbrk.h": "unistring", "uniname.h": "unistring",
}


def tracked(*patterns):
    done = subprocess.run(["git", "-C", say.ROOT, "ls-files", "-co", "--exclude-standard", *patterns], capture_output=True,
                          text=True, check=False)
    if done.returncode:  # an unpacked archive
        found = [os.path.relpath(os.path.join(at, name), say.ROOT) for at, folders, names in os.walk(say.ROOT)
                 for name in names if not re.search(r"/(build|\.)", at.removeprefix(say.ROOT))]
        return [path for path in found if any(path.endswith(pattern.lstrip("*")) for pattern in patterns)]
    return done.stdout.split()


def names_in(text):
    """The words of a piece of meson.build that can name dependencies."""
    text = re.sub(r"#.*", "", text)
    return set(re.findall(r"\b\w+_dep\b|\bdep_\w+\b", text)) | set(re.findall(r"dependency\('([\w.-]+)'", text))


class Declarations:
    def __init__(self):
        self.folder, self.parts, self.used = {}, {}, {}
        for path in [p for p in tracked("*meson.build") if os.path.basename(p) == "meson.build"]:
            self.read(os.path.dirname(path), say.text(path))

    def read(self, folder, text):
        self.used[folder] = names_in(text)
        for name, said in re.findall(r"^\s*(\w+) = (declare_dependency\(.*?\)\n|dependency\(.*?\)|cc\.find_library\(.*?\))",
                                     text, re.S | re.M):
            system = re.match(r"(?:dependency|cc\.find_library)\('([\w.-]+)'", said)
            self.parts[name] = {system[1]} if system else names_in(said)
            if not system:
                self.folder[name] = folder

    def reach(self, folder):
        """Folders and system libraries that a folder's sources may include."""
        folders, todo, seen = {folder}, list(self.used.get(folder, ())), set()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                folders |= {self.folder[name]} if name in self.folder else set()
                todo += self.parts.get(name, ())
        return folders, seen


def process_of(folder):
    return next((p for p in PROCESSES if folder == p or folder.startswith(p + "/")), None)


def check_ours(path, header, folders):
    """Why this header of ours may not be included, or None."""
    folder, target = os.path.dirname(path), None
    for at in (header, os.path.normpath(os.path.join(folder, header))):
        if os.path.exists(os.path.join(say.ROOT, at)):
            target = os.path.dirname(at)
            break
    if target is None:
        return None  # made by the build, in the folder's own or a library's folder
    if process_of(target) not in (None, process_of(folder)) and target not in LIBRARIES_OF_ALL:
        return f"{header} belongs to another process"
    if target not in folders:
        return f"{target} is named by no dependency of {folder}/meson.build"
    return None


def check_system(header, libraries, folder):
    for beginning, library in SYSTEM.items():
        if header.startswith(beginning) and library and library not in libraries:
            return f"{library} is named by no dependency of {folder}/meson.build"
    return None


def is_built(path):
    """Does the folder's meson.build name this source? One that is not built yet is not judged."""
    name = os.path.basename(path)
    build = say.text(os.path.dirname(path), "meson.build")
    stem = re.sub(r"(_test)?\.c$", "", name)
    return bool(re.search(rf"'({re.escape(name)}|{re.escape(stem)})'", build))


def includes_of(path):
    for number, line in enumerate(say.text(path).splitlines(), 1):
        if found := re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line):
            yield number, found[1], found[2]


def sources(declared):
    """The built files of the folders that have a meson.build, and the headers beside them that they include."""
    todo = [path for path in tracked("*.c") if os.path.dirname(path) in declared.used and is_built(path)]
    seen = set(todo)
    while todo:
        path = todo.pop()
        yield path
        for _, ours, _ in includes_of(path):
            beside = os.path.normpath(os.path.join(os.path.dirname(path), ours or ""))
            for at in (beside, ours or ""):
                if at.endswith(".h") and at not in seen and os.path.exists(os.path.join(say.ROOT, at)):
                    seen.add(at)
                    todo.append(at)


def main():
    declared, problems, count = Declarations(), [], 0
    for path in sources(declared):
        folder, count = os.path.dirname(path), count + 1
        folders, libraries = declared.reach(folder)
        for number, ours, system in includes_of(path):
            why = check_ours(path, ours, folders) if ours else check_system(system, libraries, folder)
            if why:
                problems.append(f"{path}:{number}: {why}")
    if count < 50:
        problems.append(f"includes.py finds only {count} files: it cannot read the meson.build files any more")
    say.end(sorted(problems), f"{count} files include only what their folders declare")


if __name__ == "__main__":
    main()
