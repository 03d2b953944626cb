"""Random configurations for searchdiff.py --configs: those of the recorded cases, each changed in one place or two, by the API's schema.

Both programs only judge them (--mode validate). --bin is a command that reads command lines (flags parted by tabs) from its standard input and
answers each with one line of JSON: the class dev.mishap.proxy.cli.ManyConfigurations of the proxy's tests. Kinds of differences: `refused` and
`accepted` (by us alone), `unsupported` (refused by us alone, which says that it has no such thing), `words` (both refuse, and few of Envoy's words
are among ours), `crash`. They are to be judged: some are meant, see docs/envoy-compatibility.md.
"""
import collections, concurrent.futures, copy, glob, json, os, random, re, shlex, struct, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "..", "envoy-cases")
RESOURCE = os.path.join(HERE, "..", "..", "..", "..", "proxy/src/main/resources/dev/mishap/proxy/config/schema/envoy-api.schema")
BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap"
WRAPPERS = {"DoubleValue": 1, "FloatValue": 2, "Int64Value": 3, "UInt64Value": 4, "Int32Value": 5, "UInt32Value": 13, "BoolValue": 8, "StringValue": 9, "BytesValue": 12}
MESSAGE, ENUM, STRING, BYTES, BOOL = 11, 14, 9, 12, 8

Field = collections.namedtuple("Field", "name number flags key kind ref oneof json rules")
REPEATED, MAP = 1, 2


class Schema:
    """The resource that config.schema.Schema describes."""

    def __init__(self, path=RESOURCE):
        self.data = data = open(path, "rb").read()
        magic, messages, enums, strings = struct.unpack_from(">4i", data)
        offsets = struct.unpack_from(">%di" % (messages + enums), data, 16)
        table = 16 + 4 * (messages + enums)
        ends = struct.unpack_from(">%di" % (strings + 1), data, table)
        text = table + 4 * (strings + 1)
        body = text + ends[-1]
        self.strings = [data[text + a:text + b].decode() for a, b in zip(ends, ends[1:])]
        self.messages, self.enums, self.required = {}, {}, {}
        for i in range(messages):
            self.at = body + offsets[i]
            self.message(self.strings[i])
        for i in range(enums):
            self.at = body + offsets[messages + i]
            self.enums[i] = [(self.strings[self.varint()], self.varint()) for _ in range(self.varint())]

    def varint(self):
        value = shift = 0
        while True:
            b = self.data[self.at]
            self.at += 1
            value |= (b & 127) << shift
            shift += 7
            if b < 128:
                return value

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def message(self, name):
        self.varint()
        oneofs = [(self.strings[self.varint()], self.byte()) for _ in range(self.varint())]
        fields = []
        for _ in range(self.varint()):
            field, number, flags = self.strings[self.varint()], self.varint(), self.varint()
            key = self.byte() if flags & MAP else 0
            kind = self.byte()
            ref = self.varint() if kind in (MESSAGE, ENUM) else None
            oneof = self.varint() - 1
            json_name = self.strings[self.varint()] if flags & 32 else re.sub("_(.)", lambda m: m[1].upper(), field)
            length = self.varint() if flags & 16 else 0
            rules = self.data[self.at:self.at + length]
            self.at += length
            fields.append(Field(field, number, flags, key, kind, ref, oneof, json_name, rules))
        self.messages[name] = {f.name: f for f in fields}
        self.required[name] = [i for i, (_, needed) in enumerate(oneofs) if needed]

    def type_of(self, field):
        return self.strings[field.ref] if field.kind == MESSAGE else None


def wire(data):
    """The (field, value) pairs of a message on the wire."""
    at = 0
    def varint():
        nonlocal at
        value = shift = 0
        while True:
            b = data[at]
            at += 1
            value |= (b & 127) << shift
            shift += 7
            if b < 128:
                return value
    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            value = varint()
        elif kind == 2:
            length = varint()
            value = data[at:at + length]
            at += length
        else:
            size = 8 if kind == 1 else 4
            value = struct.unpack_from({1: "<d", 5: "<f"}[kind], data, at)[0]
            at += size
        yield tag >> 3, value


def numbers(rules):
    """Numbers that a field's validation rules name: bounds, lengths (signed if they are)."""
    found = []
    for field, body in wire(rules):
        if isinstance(body, bytes):
            for f, v in wire(body):
                if isinstance(v, (int, float)):
                    found.append(v - (1 << 64) if isinstance(v, int) and v >> 63 else v)
                elif field in (21, 22):
                    found.append(next((s for n, s in wire(v) if n == 1), 0))
    return found


def is_required(rules):
    return any(field == 17 and any(n == 2 and v for n, v in wire(body)) or field in (20, 21) and any(n == 1 and v == 1 for n, v in wire(body))
               for field, body in wire(rules) if isinstance(body, bytes))


STRINGS = ["", "a", "x-a", "*", "u1", ":path", "a b", "a\nb", "a\0b", "é", "%REQ(x)%", "%", "%NOPE%", "%%", "/", "//", "[", "(a", "a(?=b)", "\\d{2000}", "(?i)a", "[[:alpha:]]+", "\\p{Greek}", "(?P<n>a)",
           "(?<n>a)", "a{1001}", "127.0.0.1", "::1", "10.0.0.0/8", "nope", "UPPER", "x" * 300, "GET", "5xx,nope", "envoy.filters.http.router", "host", "Host", ":authority", "*.a.com", "a.*",
           "foo.bar.", "1", "true", "http://x", "https://x/y?z", "/dev/stdout", "/nonexistent/f", "unix:///tmp/x", "@abstract"]
DURATIONS = ["0s", "1s", "0.001s", "0.0001s", "0.000000001s", "1.5s", "-1s", "-0.5s", "1", "1s ", " 1s", "1ms", "1.s", ".5s", "s", "", "1.0000000001s", "315576000000s", "315576000001s", "9223372036s", "9223372037s", "86400s", "1e3s",
             1, 1.5, None, {"seconds": 1}, "+1s", "01s", "4294967.295s", "4294968s"]
WRONG = [None, True, False, 0, 1, -1, 1.5, 1e40, "NaN", "Infinity", "-1", "1", "1.0", "1e2", "0x10", " 1", "x", "", [], {}, [1], ["a"], {"a": 1}, [{}], 2 ** 31, 2 ** 32, 2 ** 63, 2 ** 64, "4294967296", "true", "on", "yes", [[]], [None]]


class Mutator:
    def __init__(self, schema, pool, seed):
        self.schema, self.pool, self.r = schema, pool, random.Random(seed)

    def walk(self, node, name, path, out):
        """All (message, its type, path) of a document."""
        if not isinstance(node, dict):
            return
        if name == "google.protobuf.Any":
            name = str(node.get("@type", "")).rpartition("/")[2]
            if "value" in node and "TypedStruct" not in name:
                return
        fields = self.schema.messages.get(name)
        if fields is None:
            return
        out.append((node, name, path))
        for key, value in node.items():
            field = fields.get(key)
            if field and field.kind == MESSAGE:
                child, at = self.schema.type_of(field), f"{path}.{key}"
                if field.flags & MAP and isinstance(value, dict):
                    for k, v in value.items():
                        self.walk(v, child, f"{at}[{k}]", out)
                else:
                    for i, v in enumerate(value if isinstance(value, list) else [value]):
                        self.walk(v, child, f"{at}[{i}]" if isinstance(value, list) else at, out)

    def number(self, field):
        near = [n + d for n in numbers(field.rules) for d in (-1, 0, 1)]
        return self.r.choice((near or [0]) + [0, 1, 2, 10, 100, 1000, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -1])

    def single(self, field, depth):
        kind, name = field.kind, self.schema.type_of(field)
        if name and name.startswith("google.protobuf."):
            short = name[16:]
            if short == "Duration":
                return self.r.choice(DURATIONS[:20] + [f"{n}s" for n in numbers(field.rules)])
            if short in WRAPPERS:
                return self.single(field._replace(kind=WRAPPERS[short], ref=None), depth)
            if short in ("Struct", "Value"):
                return {"k": self.r.choice(["v", 1, True, None, [1], {"x": {}}])}
            if short == "Any":
                return copy.deepcopy(self.r.choice(self.pool["any"]))
            return {}
        if kind == MESSAGE:
            known = self.pool["message"].get(name)
            if known and self.r.random() < .4:
                return copy.deepcopy(self.r.choice(known))
            return self.fresh(name, depth + 1)
        if kind == ENUM:
            return self.r.choice(self.schema.enums[field.ref])[0]
        if kind == BOOL:
            return self.r.random() < .5
        if kind == STRING:
            return self.r.choice(STRINGS)
        if kind == BYTES:
            return self.r.choice(["", "YQ==", "YQ", "a-_b", "!!", "YWJj"])
        return self.number(field)

    def value(self, field, depth=0):
        if field.flags & MAP:
            return {self.r.choice(["a", "x-b", ""]): self.single(field, depth)}
        if field.flags & REPEATED:
            return [self.single(field, depth) for _ in range(self.r.choice([1, 1, 2] if depth else [0, 1, 1, 2, 3]))]
        return self.single(field, depth)

    def fresh(self, name, depth=0):
        """A message with what it needs, and now and then a field more."""
        fields, made = self.schema.messages.get(name) or {}, {}
        if depth > 6:
            return made
        groups = collections.defaultdict(list)
        for f in fields.values():
            if f.oneof >= 0:
                groups[f.oneof].append(f)
            elif is_required(f.rules) or (f.rules and f.kind == STRING and numbers(f.rules)) or self.r.random() < (.15 if depth < 3 else .02):
                made[f.name] = self.value(f, depth)
        for group, members in groups.items():
            if group in self.schema.required[name] or self.r.random() < .2:
                f = self.r.choice(members)
                made[f.name] = self.value(f, depth)
        return made

    def mutate(self, document):
        """Changes the document in one place; says where and how, or None."""
        sites = []
        self.walk(document, BOOTSTRAP, "", sites)
        kinds = sorted({name for _, name, _ in sites})
        wanted = self.r.choice(kinds)
        node, name, path = self.r.choice([s for s in sites if s[1] == wanted])
        fields = self.schema.messages[name]
        present = [k for k in node if k in fields]
        how = self.r.choice(["set"] * 8 + ["change"] * 4 + ["wrong"] * 2 + ["drop"] * 2 + ["double"] * 2 + ["enum", "unknown", "case", "empty", "string", "string", "duration", "any"])
        if how == "set":
            absent = [f for f in fields.values() if f.name not in node] or list(fields.values())
            if not absent:
                return None
            f = self.r.choice(absent)
            if f.oneof >= 0 and self.r.random() < .85:  # instead of the other member
                for k in [k for k in present if fields[k].oneof == f.oneof]:
                    del node[k]
            node[f.name] = self.value(f)
        elif how == "unknown":
            node[self.r.choice(["nope", "Name", "type_", "@type2", ""])] = self.r.choice([1, "x", None, {}])
            return f"{name}", how, path
        else:
            chosen = {"enum": lambda f: f.kind == ENUM, "double": lambda f: f.flags & REPEATED, "string": lambda f: f.kind == STRING and not f.flags & MAP,
                      "duration": lambda f: self.schema.type_of(f) == "google.protobuf.Duration", "any": lambda f: self.schema.type_of(f) == "google.protobuf.Any",
                      "empty": lambda f: f.kind in (MESSAGE, STRING) or f.flags & REPEATED}.get(how, lambda f: True)
            if how in ("enum", "duration", "wrong", "string"):  # absent ones too
                names = [f.name for f in fields.values() if chosen(f)]
            else:
                names = [k for k in present if chosen(fields[k])]
            if not names:
                return None
            f = fields[self.r.choice(names)]
            if how in ("enum", "duration", "wrong", "string") and f.oneof >= 0:
                for k in [k for k in present if fields[k].oneof == f.oneof]:
                    del node[k]
            if how == "change":
                node[f.name] = self.value(f)
            elif how == "wrong":
                node[f.name] = copy.deepcopy(self.r.choice(WRONG))
            elif how == "drop":
                del node[f.name]
            elif how == "case":
                node[f.json] = node.pop(f.name)
            elif how == "empty":
                node[f.name] = [] if f.flags & REPEATED else {} if f.kind == MESSAGE else ""
            elif how == "duration":
                node[f.name] = self.r.choice(DURATIONS)
            elif how == "string":
                value = self.r.choice(STRINGS)
                node[f.name] = [value] if f.flags & REPEATED else value
            elif how == "enum":
                word, number = self.r.choice(self.schema.enums[f.ref])
                value = self.r.choice([number, word.lower(), str(number), 99, -1, "NOPE", word])
                node[f.name] = [value] if f.flags & REPEATED else value
            elif how == "double":
                items = node[f.name]
                if not isinstance(items, list) or not items:
                    return None
                items.append(copy.deepcopy(self.r.choice(items)))
            elif how == "any":
                self.any(node, f)
            return f"{name}.{f.name}", how, path
        return f"{name}.{f.name}", how, path

    def any(self, node, field):
        value = node[field.name]
        value = value[0] if isinstance(value, list) and value else value
        if not isinstance(value, dict):
            return
        kind = self.r.choice(["typed", "udpa", "absent", "short", "unknown", "other", "base64"])
        if kind in ("typed", "udpa"):
            inner = {k: v for k, v in value.items() if k != "@type"}
            url = value.get("@type")
            value.clear()
            value.update({"@type": "type.googleapis.com/" + ("xds" if kind == "typed" else "udpa") + ".type.v1.TypedStruct".replace("xds.type.v1", "xds.type.v3"), "type_url": url, "value": inner})
            if kind == "typed":
                value["@type"] = "type.googleapis.com/xds.type.v3.TypedStruct"
        elif kind == "absent":
            value.pop("@type", None)
        elif kind == "short":
            value["@type"] = str(value.get("@type")).rpartition("/")[2]
        elif kind == "unknown":
            value["@type"] = "type.googleapis.com/envoy.nope.v3.Nope"
        elif kind == "base64":
            url = value.get("@type")
            value.clear()
            value.update({"@type": url, "value": ""})
        else:
            other = copy.deepcopy(self.r.choice(self.pool["any"]))
            value.clear()
            value.update(other)


def seeds(folders):
    """The configurations of recorded cases, read, with what they name put in place of the variables."""
    import yaml
    class Loader(yaml.SafeLoader):
        pass
    Loader.yaml_implicit_resolvers = {k: [(t, r) for t, r in v if t != "tag:yaml.org,2002:timestamp"] for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    found = []
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "*", "envoy.yaml"))):
            text = open(path).read()
            case = json.load(open(os.path.join(os.path.dirname(path), "case.json")))
            if "args" in case or "only_args" in case or "bad" in os.path.basename(os.path.dirname(path)):
                continue
            ports = {}
            text = re.sub(r"\$\{(PORT_\w+)\}", lambda m: str(ports.setdefault(m[1], 20001 + len(ports))), text)
            text = text.replace("${CERTS}", os.path.join(folder, "_certs")).replace("${HOST}", "127.0.0.1")
            try:
                found.append((os.path.basename(os.path.dirname(path)), yaml.load(text, Loader), case.get("files", {}), ports))
            except (yaml.YAMLError, ValueError):
                pass
    return found


def filled(text, place, value):
    """A table's configuration with one place filled and the others as they are otherwise; places may hold places."""
    out, at = "", 0
    while (start := text.find("<<", at)) >= 0:
        bar, end, depth = text.index("|", start), start + 2, 1
        while depth:
            near = re.compile("<<|>>").search(text, end)
            depth += 1 if near[0] == "<<" else -1
            end = near.end()
        out += text[at:start] + (value if text[start + 2:bar] == place else filled(text[bar + 1:end - 2], place, value))
        at = end
    return out + text[at:]


def table(path, judge, directory):
    """Holds a program to the rows of acceptance.txt; the number of those that it judges otherwise."""
    base, _, rows = open(path).read().partition("\n===\n")
    wrong = 0
    for row in rows.splitlines():
        if row.startswith("#"):
            continue
        place, _, rest = row.partition("|")
        value, _, verdict = rest.rpartition(" | ")
        value = value.strip()
        if value[0] in "'\"" and value[0] == value[-1] and len(value) > 1:
            value = value[1:-1].replace("\\n", "\n")
        file = os.path.join(directory, "row.yaml")
        with open(file, "w") as f:
            f.write(filled(base, place.strip(), value))
        accepted, said = judge(["--mode", "validate", "-c", file])
        if accepted != (verdict.strip() == "OK") or not accepted and verdict.strip() not in re.sub(r"\s+", " ", said):
            wrong += 1
            print(f"--- {row}\n  {'accepted' if accepted else said[:1000]}", flush=True)
    return wrong


def words(text):
    return set(re.findall(r"[A-Za-z][\w.]{2,}|'[^']*'|\d+", text))


class Judge:
    """Asks both programs about configurations."""

    def __init__(self, envoy, ours):
        self.envoy = envoy
        self.ours = ours and subprocess.Popen(ours, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def theirs(self, arguments):
        p = subprocess.run([*self.envoy, *arguments, "--log-level", "error"], capture_output=True, text=True, errors="replace")
        said = re.sub(r"(?m)^\[[\d :.-]+\]\[\d+\]\[\w+\]\[\w+\] \[[^]]*\] ", "", p.stderr)
        said = re.sub(r"error initializing configuration '[^']*': ", "", said)
        said = re.sub(r"(?s)(Unable to parse JSON as proto \(.*?\)): \{.*", r"\1", said)
        said = re.sub(r"(?s)goo\.gle/debug\w+ .*?\n: ", "", said)
        return (p.returncode == 0, said.strip() if p.returncode in (0, 1) else f"CRASH {p.returncode} " + said[-500:])

    def our(self, arguments):
        self.ours.stdin.write("\t".join(arguments) + "\n")
        self.ours.stdin.flush()
        answer = json.loads(self.ours.stdout.readline())
        return answer["ok"], answer["message"]


def kind(theirs, ours):
    """How the two verdicts differ: None, or a word."""
    if ours[1].startswith("CRASH"):
        return "crash"
    if theirs[1].startswith("CRASH"):
        return None
    if theirs[0] and ours[0]:
        return None
    unsupported = re.search(r"not supported|is not there|registered implementation|isn't supported", ours[1])
    if theirs[0]:
        return "unsupported" if unsupported else "refused"
    if ours[0]:
        return "accepted"
    if unsupported:
        return None
    said, wanted = words(ours[1]), words(theirs[1])
    return "words" if wanted and len(wanted & said) / len(wanted) < .5 else None


def search(o, directory):
    """Runs the seeds of the options; the number of differences."""
    schema, all_seeds = Schema(), seeds([os.path.realpath(CASES), *o.more])
    pool = {"any": [], "message": collections.defaultdict(list)}
    for _, document, _, _ in all_seeds:
        sites = []
        Mutator(schema, pool, 0).walk(document, BOOTSTRAP, "", sites)
        for node, name, path in sites:
            if "@type" in node:
                pool["any"].append(node)
            elif len(pool["message"][name]) < 200:
                pool["message"][name].append(node)
    judge = Judge(shlex.split(o.envoy), shlex.split(o.bin))
    first, _, last = o.seeds.partition("-")
    total, seen = 0, collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        for seed in range(int(first), int(last or first) + 1):
            folder = os.path.join(directory, str(seed))
            os.makedirs(folder, exist_ok=True)
            jobs = []
            for number in range(o.requests):
                m = Mutator(schema, pool, seed * 1000003 + number)
                origin, document, files, ports = m.r.choice(all_seeds)
                place = folder
                document = json.loads(json.dumps(document, default=str).replace("${DIR}", place))
                for name, text in files.items():
                    os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
                    text = text.replace("${DIR}", place)
                    for port, n in ports.items():
                        text = text.replace("${%s}" % port, str(n))
                    open(os.path.join(place, name), "w").write(text)
                change = m.mutate(document)
                if change is None:
                    continue
                path = os.path.join(folder, f"{number}.json")
                with open(path, "w") as f:
                    json.dump(document, f, indent=1)
                arguments = ["--mode", "validate", "-c", path]
                jobs.append((origin, change, arguments, threads.submit(judge.theirs, arguments)))
            found = 0
            for origin, (field, how, at), arguments, theirs in jobs:
                theirs, ours = theirs.result(), judge.our(arguments)
                difference = kind(theirs, ours)
                if difference:
                    found += 1
                    seen[difference] += 1
                    print(f"--- {difference}: {how} {field} at {at or '.'} of {origin} ({arguments[-1]})\n  envoy: {theirs[1][-600:]}\n  ours:  {ours[1][:600]}", flush=True)
            print(f"seed {seed}: {found} differences in {len(jobs)} configurations; in all: {dict(seen)}", flush=True)
            total += found
    judge.ours.stdin.close()
    return total
