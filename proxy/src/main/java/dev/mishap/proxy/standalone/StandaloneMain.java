package dev.mishap.proxy.standalone;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.listener.Listener;
import dev.mishap.proxy.log.Logging;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.rules.RuleAdmission;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.SafetyOptions;
import dev.mishap.proxy.server.Server;
import dev.mishap.proxy.server.Version;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.RuleStatus;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.text.RuleSyntaxException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code mishap standalone}. What it is told to say goes to stderr but for the summary, which is its result. */
public final class StandaloneMain {
    /** How often the rules file is looked at and the status line written. */
    private static final long LOOK_MILLIS = 250;
    /** How many rules the summary tells of. */
    private static final int MAX_KNOWN = 20_000;

    private final StandaloneOptions options;
    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;
    private final long seed;
    private final @Nullable RulesFile rulesFile;
    private List<FaultRule> given = List.of();
    private Map<String, FaultRule> shown = new LinkedHashMap<>();
    /** Rules that are or were in place, by name, for the summary. */
    private final Map<String, FaultRule> known = new LinkedHashMap<>();

    private Traffic before = new Traffic("", 0, 0, List.of(0L, 0L, 0L, 0L, 0L), 0, 0, 0, List.of());

    private StandaloneMain(StandaloneOptions options, PrintStream out, PrintStream err, boolean terminal) {
        this.options = options;
        this.out = out;
        this.err = err;
        this.terminal = terminal;
        Long seed = options.seed();
        this.seed = seed == null ? ThreadLocalRandom.current().nextLong() : seed;
        this.rulesFile = options.rules() == null ? null : new RulesFile(options.rules());
    }

    public static void main(String[] arguments) {
        PrintStream out = stream(FileDescriptor.out);
        PrintStream err = stream(FileDescriptor.err);
        int code = run(out, err, "1".equals(System.getenv("MISHAP_TERMINAL")), arguments);
        out.flush();
        err.flush();
        System.exit(code);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    static int run(PrintStream out, PrintStream err, boolean terminal, String... arguments) {
        StandaloneOptions options;
        try {
            options = StandaloneOptions.parse(arguments);
        } catch (StandaloneOptions.UsageException e) {
            err.println("mishap standalone: " + e.getMessage());
            return 2;
        }
        if (options != null && options.version()) {
            out.println("mishap " + Version.mishap());
            return 0;
        }
        if (options == null) {
            out.print(StandaloneOptions.HELP);
            return 0;
        }
        if (!Logging.isLevel(options.logLevel())) {
            err.println("mishap standalone: --log-level '" + options.logLevel()
                    + "': expected trace, debug, info, warning, error, critical or off");
            return 2;
        }
        Logging.setAll(options.logLevel());
        if (options.protocol() == StandaloneOptions.Protocol.DNS
                && options.listen().port() == 0) {
            options = options.withPort(portForBoth(options.listen().host()));
        }
        StandaloneMain main = new StandaloneMain(options, out, err, terminal);
        if (!main.readRules()) {
            return 2;
        }
        return main.serve();
    }

    /** A port that is free for TCP and for UDP; 0 when none was found. */
    private static int portForBoth(String host) {
        for (int i = 0; i < 16; i++) {
            try (ServerSocket tcp = new ServerSocket(0, 1, InetAddress.getByName(host))) {
                try (DatagramSocket udp = new DatagramSocket(new InetSocketAddress(host, tcp.getLocalPort()))) {
                    return udp.getLocalPort();
                }
            } catch (IOException e) {
                continue; // taken for UDP: another one
            }
        }
        return 0;
    }

    /** Reads the rules of the command line and of the file; says what is wrong with them. */
    private boolean readRules() {
        List<FaultRule> rules = new ArrayList<>();
        int n = 0;
        for (String fault : options.faults()) {
            n++;
            try {
                rules.add(seeded(RuleLine.parse(fault, "fault-" + n)));
            } catch (RuleSyntaxException e) {
                err.println("mishap standalone: --fault: " + e.getMessage());
                return false;
            }
        }
        for (int i = 0; i < rules.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (rules.get(i).name().equals(rules.get(j).name())) {
                    err.println("mishap standalone: --fault: two rules are called '"
                            + rules.get(i).name() + "'");
                    return false;
                }
            }
        }
        given = List.copyOf(rules);
        if (rulesFile != null) {
            RulesFile.Content content = rulesFile.look();
            if (content == null || !content.problems().isEmpty()) {
                (content == null ? List.<String>of() : content.problems())
                        .forEach(p -> err.println("mishap standalone: " + p));
                return false;
            }
            content.notes().forEach(note -> err.println("note: " + note));
            return install(content.rules());
        }
        return install(List.of());
    }

    /** Draws depend on the seed and the rule's name, so that two rules of one seed do not fall on the same requests. */
    private FaultRule seeded(FaultRule rule) {
        return rule.seed() != null ? rule : rule.withSeed(seed);
    }

    private boolean install(List<FaultRule> fromFile) {
        Map<String, FaultRule> all = new LinkedHashMap<>();
        given.forEach(rule -> all.put(rule.name(), rule));
        for (FaultRule rule : fromFile) {
            if (all.putIfAbsent(rule.name(), seeded(rule)) != null) {
                say(options.rules() + ": rule '" + rule.name()
                        + "' has the name of a --fault; give one of them another");
                return false;
            }
        }
        for (FaultRule rule : all.values()) {
            String beyond = RuleAdmission.beyond(rule);
            if (beyond == null
                    && options.protocol() == StandaloneOptions.Protocol.DNS
                    && rule.fault().kind().plane() != Fault.Plane.DNS) {
                beyond = "'" + rule.fault().kind().field()
                        + "' does not act on DNS; there are dns delay, drop, servfail, nxdomain, refused, empty, ttl, address and"
                        + " truncate";
            }
            if (beyond == null
                    && options.protocol() == StandaloneOptions.Protocol.TCP
                    && rule.fault().kind().plane() == Fault.Plane.REQUEST) {
                beyond = "'" + rule.fault().kind().field()
                        + "' acts on HTTP requests, and a tcp:// dependency has none; of connections there are latency, bandwidth,"
                        + " refuse, reset-connection and more (mishap standalone --help)";
            }
            if (beyond != null) {
                say("rule '" + rule.name() + "': " + beyond);
                return false;
            }
        }
        shown = all;
        return true;
    }

    private int serve() {
        Server server;
        SafetyOptions safety;
        try {
            safety = SafetyOptions.of(options.killFile(), options.protect(), options.dryRun(), System::getenv);
        } catch (IllegalArgumentException e) {
            err.println("mishap standalone: " + e.getMessage());
            return 2;
        }
        try {
            Options serverOptions = Options.of(
                            StandaloneBootstrap.yaml(options), options.concurrency(), options.logLevel())
                    .withSafety(safety);
            server = new Server(serverOptions, BootstrapLoader.load(serverOptions));
        } catch (ConfigException e) {
            err.println("mishap standalone: " + e.getMessage());
            return 2;
        }
        try {
            server.rules().replaceOwn(List.copyOf(shown.values()));
            server.start();
            known.putAll(shown);
            announce(server);
            while (!server.awaitEnd(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                look(server);
            }
            clearStatus();
            meet(server);
            Traffic traffic = traffic(server, rules(server));
            out.print(options.json() ? JsonWriter.pretty(json(traffic)) + "\n" : traffic.summary());
            return server.awaitEnd();
        } catch (Listener.BindException | ConfigException e) {
            err.println("mishap standalone: " + e.getMessage());
            return 1;
        } finally {
            server.close();
        }
    }

    private void announce(Server server) {
        err.println("listening on "
                + text((InetSocketAddress) server.listeners().get(0).address()) + ", forwarding to "
                + (options.protocol() == StandaloneOptions.Protocol.DNS
                        ? options.resolvers().stream().map(Object::toString).collect(Collectors.joining(", "))
                        : options.upstream().toString()));
        SocketAddress admin = server.adminAddress();
        if (admin instanceof InetSocketAddress address) {
            err.println("stats and rules: http://" + text(address) + "/stats, http://" + text(address)
                    + "/mishap/v1/rules");
        }
        if (shown.isEmpty()) {
            err.println("no faults; add some with --fault, --rules or the rules API");
        } else {
            shown.values().forEach(rule -> err.println("fault " + rule.name() + ": " + describe(rule)));
            err.println("seed " + seed);
        }
    }

    private static String text(InetSocketAddress address) {
        return new StandaloneOptions.HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
    }

    private static String describe(FaultRule rule) {
        List<String> unsaid = RuleLine.inexpressible(rule);
        return unsaid.isEmpty() ? RuleLine.print(rule) : rule.fault() + " (with " + String.join(", ", unsaid) + ")";
    }

    private void look(Server server) {
        RulesFile.Content content = rulesFile == null ? null : rulesFile.look();
        if (content != null) {
            if (!content.problems().isEmpty()) {
                content.problems().forEach(this::say);
                say("the rules stay as they were");
            } else if (install(content.rules())) {
                content.notes().forEach(note -> say("note: " + note));
                server.rules().replaceOwn(List.copyOf(shown.values()));
                int n = content.rules().size();
                say(options.rules() + ": " + n + (n == 1 ? " rule is in place" : " rules are in place"));
            } else {
                say("the rules stay as they were");
            }
        }
        meet(server);
        if (terminal && !options.quiet()) {
            Traffic now = traffic(server, List.of());
            if (now.seconds() - before.seconds() >= 1) {
                // Without a line break at the right margin: a line that wraps cannot be taken back.
                err.print("\r\033[K\033[?7l" + now.status(before) + "\033[?7h");
                err.flush();
                before = now;
            }
        }
    }

    private void say(String line) {
        clearStatus();
        err.println(line);
    }

    private void clearStatus() {
        if (terminal && !options.quiet()) {
            err.print("\r\033[K");
            err.flush();
        }
    }

    private Traffic traffic(Server server, List<Traffic.RuleLine> rules) {
        StatsStore stats = server.stats();
        if (options.protocol() == StandaloneOptions.Protocol.DNS) {
            String dns = "dns_proxy." + StandaloneBootstrap.LISTENER + ".";
            return new Traffic(
                    "questions",
                    (System.nanoTime() - server.startNanos()) / 1e9,
                    stats.counter(dns + "downstream_rx_queries").value(),
                    List.of(0L, 0L, 0L, 0L, 0L),
                    stats.gauge(dns + "pending_queries").value(),
                    stats.counter(dns + "unanswered_queries").value(),
                    stats.counter("mishap.questions_touched").value(),
                    rules);
        }
        if (options.protocol() == StandaloneOptions.Protocol.TCP) {
            return new Traffic(
                    "connections",
                    (System.nanoTime() - server.startNanos()) / 1e9,
                    server.listeners()
                            .get(0)
                            .config()
                            .scope()
                            .counter("downstream_cx_total")
                            .value(),
                    List.of(0L, 0L, 0L, 0L, 0L),
                    server.listeners().get(0).connections(),
                    0,
                    stats.counter("mishap.connections_touched").value(),
                    rules);
        }
        String prefix = "http." + StandaloneBootstrap.LISTENER + ".";
        List<Long> statuses = new ArrayList<>();
        for (int i = 1; i <= 5; i++) {
            statuses.add(stats.counter(prefix + "downstream_rq_" + i + "xx").value());
        }
        long resets = stats.counter(prefix + "downstream_rq_rx_reset").value()
                + stats.counter(prefix + "downstream_rq_tx_reset").value();
        return new Traffic(
                "requests",
                (System.nanoTime() - server.startNanos()) / 1e9,
                stats.counter(prefix + "downstream_rq_total").value(),
                statuses,
                stats.gauge(prefix + "downstream_rq_active").value(),
                resets,
                stats.counter("mishap.requests_touched").value()
                        + stats.counter("mishap.connections_touched").value(),
                rules);
    }

    /** What the rules in place do, and what those did that were. */
    private List<Traffic.RuleLine> rules(Server server) {
        Map<String, RuleStatus> inPlace = new LinkedHashMap<>();
        for (RuleStore.Standing standing : server.rules().standings()) {
            inPlace.put(standing.rule().name(), standing.status());
        }
        List<Traffic.RuleLine> lines = new ArrayList<>();
        for (String name : known.keySet()) {
            RuleStatus status = inPlace.get(name);
            lines.add(
                    status == null
                            ? ended(server.stats(), name)
                            : new Traffic.RuleLine(
                                    name, true, status.scoped(), status.touched(), status.drawn() - status.touched()));
        }
        return lines;
    }

    /** The counters of a rule outlive it. */
    private static Traffic.RuleLine ended(StatsStore stats, String name) {
        String prefix = "mishap.rule." + name + ".";
        long touched = stats.counter(prefix + "touched").value();
        return new Traffic.RuleLine(
                name,
                false,
                stats.counter(prefix + "scoped").value(),
                touched,
                stats.counter(prefix + "drawn").value() - touched);
    }

    /** Notes rules that came by the API, for the summary. */
    private void meet(Server server) {
        for (RuleStore.Standing standing : server.rules().standings()) {
            if (known.size() < MAX_KNOWN || known.containsKey(standing.rule().name())) {
                known.put(standing.rule().name(), standing.rule());
            }
        }
    }

    private Map<String, Object> json(Traffic traffic) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("seconds", traffic.seconds());
        json.put(traffic.unit(), traffic.requests());
        Map<String, Object> statuses = new LinkedHashMap<>();
        for (int i = 0; i < 5; i++) {
            statuses.put(i + 1 + "xx", traffic.statuses().get(i));
        }
        json.put("statuses", statuses);
        json.put("resets", traffic.resets());
        json.put("touched", traffic.touched());
        json.put("seed", Long.toString(seed));
        List<Object> rules = new ArrayList<>();
        for (Traffic.RuleLine line : traffic.rules()) {
            Map<String, Object> rule = new LinkedHashMap<>();
            rule.put("name", line.name());
            rule.put("rule", describe(Objects.requireNonNull(known.get(line.name()))));
            rule.put("active", line.active());
            rule.put("scoped", line.scoped());
            rule.put("touched", line.touched());
            rule.put("suppressed", line.suppressed());
            rules.add(rule);
        }
        json.put("rules", rules);
        return json;
    }
}
