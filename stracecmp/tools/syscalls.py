#!/usr/bin/env python3
"""Makes src/syscalls.tsv, the table of all system calls of Linux, out of strace's own decoders.

    python3 tools/syscalls.py PATH/TO/strace > src/syscalls.tsv

strace's `syscallent*.h` name each call, its number of arguments and its classes; the decoder `SYS_FUNC(name)` says how each
argument is printed: as a descriptor (`printfd`), a descriptor of a folder (`print_dirfd`), a process id (`printpid`), a time
(`print_timespec`), and what the result is (`RVAL_FD`, `RVAL_TID`, `RVAL_HEX`). Decoders that call others are followed.

Columns: name, classes, one letter per argument, result. Letters: f descriptor, d folder's descriptor, p process id, t time,
a another pointer, - anything else. Results: fd, pid, hex, -.
"""
import re, sys, pathlib

root = pathlib.Path(sys.argv[1]) / "src"
source = {p.name: p.read_text(errors="replace") for p in root.glob("*.c")}

FUNC = re.compile(r"^(?:static\s+)?(?:const\s+)?(?:\w+[\s*]+)+(\w+)\(((?:[^()]|\([^()]*\))*)\)\s*\n\{\n(.*?)^\}", re.M | re.S)
SYS = re.compile(r"^SYS_FUNC\((\w+)\)\s*\n\{\n(.*?)^\}", re.M | re.S)
functions, decoders = {}, {}
for text in source.values():
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for name, params, body in FUNC.findall(text):
        names = [re.sub(r"\[.*?\]", "", p).split()[-1].lstrip("*") if p.strip() else "" for p in params.split(",")]
        functions.setdefault(name, []).append((names, body))
    for name, body in SYS.findall(text):
        decoders.setdefault(name, body)
# One decoder under several names: `#define sys_connect sys_bind`, and those that only print descriptors: `printargs_d`.
for target in re.findall(r"^#\s*define\s+sys_(\w+)\s+(\w+)", (root / "syscall_dummy.h").read_text(), re.M):
    name, other = target
    if other.startswith("sys_") and other[4:] in decoders:
        decoders.setdefault(name, decoders[other[4:]])
    elif other.startswith("printargs_d"):
        decoders.setdefault(name, "printfd(tcp, tcp->u_arg[0]);")

ROLE = [(re.compile(p), r) for p, r in [
    (r"print_dirfd$", "d"), (r"printfd(_pid\w*)?$|print_fd$", "f"), (r"printpid\w*$", "p"),
    (r"print_(timespec|timeval|itimerspec|itimerval|ts|tv)\w*$|print_\w*timeval\w*$", "t"),
]]
CALL = re.compile(r"\b(\w+)\(")


def arguments(text, at):
    """The arguments of the call whose `(` is before `at`."""
    depth, out, start = 1, [], at
    for i in range(at, len(text)):
        c = text[i]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth == 0:
                out.append(text[start:i].strip())
                return out
        elif c == "," and depth == 1:
            out.append(text[start:i].strip())
            start = i + 1
    return out


def index(text):
    """`tcp->u_arg[1 + 1]`, with casts around it, as a number."""
    m = re.search(r"(?:->u_arg|\bu_arg)\s*\[([^\]]*)\]", text)
    if not m:
        return None
    try:
        return int(eval(re.sub(r"[^0-9+\-* ]", "", m.group(1)) or "x"))
    except Exception:
        return None


def expand(body, depth, roles, results, seen):
    for line in re.findall(r"(?:const\s+)?(?:int|unsigned int|kernel_ulong_t|long|pid_t)\s+(\w+)\s*=\s*([^;]*u_arg\[[^;]*);", body):
        body = re.sub(r"\b%s\b(?!\s*=[^=])" % re.escape(line[0]), "(%s)" % line[1].strip(), body)
    for flag, name in [("RVAL_FD", "fd"), ("RVAL_TID", "pid"), ("RVAL_TGID", "pid"), ("RVAL_PID", "pid"),
                       ("RVAL_PGID", "pid"), ("RVAL_SID", "pid"), ("RVAL_HEX", "hex")]:
        if re.search(r"\b%s\b" % flag, body):
            results.add(name)
    for m in CALL.finditer(body):
        name, args = m.group(1), arguments(body, m.end())
        if name == "SYS_FUNC_NAME":
            continue
        if name.startswith("sys_") and name[4:] in decoders and depth < 4:
            expand(decoders[name[4:]], depth + 1, roles, results, seen)
            continue
        for pattern, role in ROLE:
            if pattern.match(name) and len(args) > 1:
                i = index(args[1])
                if i is not None and 0 <= i < 7:
                    roles[i] = role if roles.get(i, "a") == "a" else roles[i]
                break
        else:
            # What reads the program's memory at an argument takes it for a pointer.
            for a in args[1:] if args and args[0] == "tcp" else args[:1] if name == "printaddr" else []:
                i = index(a) if re.fullmatch(r"\(*(?:\([\w ]+\))?\s*(?:tcp->)?u_arg\s*\[[^\]]*\]\)*", a) else None
                if i is not None and 0 <= i < 7:
                    roles.setdefault(i, "a")
        if depth < 4 and args and args[0] == "tcp" and name in functions and name not in seen:
            for params, inner in functions[name]:
                if len(params) != len(args):
                    continue
                for p, a in zip(params[1:], args[1:]):
                    if re.fullmatch(r"[\w\->\[\]+ ()*]*", a):
                        inner = re.sub(r"(?<![\w>.])%s\b" % re.escape(p), lambda _, a=a: a, inner) if p else inner
                expand(inner, depth + 1, roles, results, seen | {name})


CLASS = {"TD": "desc", "TF": "file", "TN": "net", "TM": "mem", "TS": "signal", "TP": "process", "TI": "ipc",
         "TC": "creds", "CC": "creds", "TCL": "clock", "CL": "clock", "PU": "pure", "TST": "stat", "TLST": "stat", "TFST": "stat",
         "TSTA": "stat", "TSF": "stat", "TFSF": "stat", "TSFA": "stat"}
ENTRY = re.compile(r"=\s*\{\s*(\d+|MA),\s*([A-Z0-9|_]+),\s*SEN\((\w+)\),\s*\"(\w+)\"")
table = {}
order = ["64/syscallent.h", "x86_64/syscallent.h", "32/syscallent.h", "i386/syscallent.h", "generic/syscallent-common.h",
         "32/syscallent-common-32.h", "32/syscallent-time32.h", "arm/syscallent.h"]
files = [root / "linux" / f for f in order] + sorted((root / "linux").glob("*/syscallent*.h"))
for path in files:
    if not path.exists():
        continue
    for nargs, flags, sen, name in ENTRY.findall(path.read_text(errors="replace")):
        roles, results = {}, set()
        if sen in decoders:
            expand(decoders[sen], 0, roles, results, {sen})
        n = 6 if nargs == "MA" else int(nargs)
        classes = sorted({CLASS[f] for f in flags.split("|") if f in CLASS} - {"pure"})
        row = (classes, "".join(roles.get(i, "-") for i in range(n)), next((r for r in ("fd", "pid", "hex") if r in results), "-"))
        old = table.get(name)
        if old is None or sum(c != "-" for c in row[1]) > sum(c != "-" for c in old[1]):
            table[name] = row
print("# Made by tools/syscalls.py out of strace's decoders: name, classes, arguments, result.")
for name in sorted(table):
    classes, args, result = table[name]
    print("\t".join([name, ",".join(classes) or "-", args or "-", result]))
