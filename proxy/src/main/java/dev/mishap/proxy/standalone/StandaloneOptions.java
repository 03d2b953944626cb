package dev.mishap.proxy.standalone;

import dev.mishap.proxy.dns.NameServers;
import dev.mishap.rules.yaml.Suggestion;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The command line of {@code mishap standalone}.
 *
 * @param upstream the dependency; of DNS the first resolver
 * @param resolvers of DNS: those of the command line, or the system's; else none
 * @param insecure whether the certificate of an https dependency is taken as it is
 * @param faults one-line rules, in the order given
 * @param rules a file of rules, watched; null = none
 * @param admin where stats and the rules API are served; null = nowhere
 * @param seed of rules that have none; null = drawn at start
 * @param accessLog a file, {@code -} for stdout; null = none
 * @param killFile as in {@link dev.mishap.proxy.server.SafetyOptions#of}; likewise {@code protect} and {@code dryRun}
 * @param timeoutMillis how long the dependency may take; 0 = no limit
 */
record StandaloneOptions(
        HostPort listen,
        HostPort upstream,
        Protocol protocol,
        List<HostPort> resolvers,
        boolean insecure,
        List<String> faults,
        @Nullable Path rules,
        @Nullable HostPort admin,
        @Nullable Long seed,
        @Nullable String accessLog,
        long timeoutMillis,
        int concurrency,
        String logLevel,
        boolean json,
        boolean quiet,
        boolean version,
        @Nullable String killFile,
        @Nullable String protect,
        boolean dryRun) {

    static final String HELP = """
            Usage: mishap standalone --listen [ADDRESS:]PORT --upstream HOST:PORT [OPTIONS]
                   mishap standalone --dns --listen [ADDRESS:]PORT [--upstream ADDRESS[:PORT],...] [OPTIONS]

            A fault proxy in front of one dependency, of HTTP or of any TCP protocol, or in front of DNS. Point the client at the listening
            address instead of the dependency; what it sends is forwarded as it is, but for the faults asked for.

            Where:
              --listen [ADDRESS:]PORT    accept connections here (address: 127.0.0.1)
              --upstream HOST:PORT       the dependency, of HTTP; a host name is looked up again as DNS says.
                                         https://HOST[:PORT]: over TLS, checked against the system's authorities, with
                                         its own name as the request's host. tcp://HOST:PORT: any bytes, such as a
                                         database's; faults of connections act on it ('latency 100ms', 'refuse 10%')
              --dns                      be a DNS server, over UDP and TCP, in front of the resolvers of --upstream, IP
                                         addresses with commas between (port: 53; default: those of /etc/resolv.conf);
                                         faults of DNS act on questions ('dns delay 3s when name = db.internal')
              --insecure                 take any certificate of an https dependency

            Faults:
              --fault RULE               a rule in one line, such as 'abort 503 40% when header x-user-tier = canary';
                                         may be given several times. It lives as long as the process unless it says 'for'
              --rules FILE               rules in YAML or JSON; the file is watched, and a change that does not parse
                                         leaves the rules as they are
              --seed N                   the seed of rules that have none of their own: the same seed and the same
                                         requests give the same faults (default: drawn at start and printed)

            Safety:
              --dry-run                  decide and count what would be touched, and touch nothing
              --protect ENTRIES          what rules leave alone unless they name it, besides health checks and metrics, such
                                         as path=/ready,path=/internal/*,port=15021 (also MISHAP_PROTECT)
              --kill-file PATH|off       all faults are off while this file exists (also MISHAP_KILL_FILE; default:
                                         /run/mishap/kill if that directory exists); SIGURG turns them off, too

            More:
              --admin [ADDRESS:]PORT|off stats and the rules API, /mishap/v1/rules (default: 127.0.0.1 and a free port)
              --access-log FILE|-        one line a request, to a file or to stdout (default: none)
              --timeout DURATION         answer 504 when the dependency takes longer, such as 15s (default: no limit); with
                                         --dns ask the next resolver (default: 2s)
              --concurrency N            worker threads, 1..128 (default: 1)
              --log-level LEVEL          trace, debug, info, warning, error, critical or off (default: warning)
              --json                     print the summary at the end as JSON
              --quiet                    no status line
              -h, --help                 this text
              -V, --version              the version

            While it runs a line tells what passes and what is touched; Ctrl-C ends it with a summary.
            Exit code: 0; 1 when it could not start; 2 for a wrong command line or rule.
            """;

    /** The same with another port to listen on. */
    StandaloneOptions withPort(int port) {
        return new StandaloneOptions(
                new HostPort(listen.host(), port),
                upstream,
                protocol,
                resolvers,
                insecure,
                faults,
                rules,
                admin,
                seed,
                accessLog,
                timeoutMillis,
                concurrency,
                logLevel,
                json,
                quiet,
                version,
                killFile,
                protect,
                dryRun);
    }

    private static final List<String> FLAGS = List.of(
            "--listen",
            "--upstream",
            "--dns",
            "--insecure",
            "--fault",
            "--rules",
            "--admin",
            "--seed",
            "--access-log",
            "--timeout",
            "--concurrency",
            "--log-level",
            "--json",
            "--quiet",
            "--dry-run",
            "--protect",
            "--kill-file",
            "--help",
            "--version");

    /** What is spoken with the dependency. */
    enum Protocol {
        HTTP,
        HTTPS,
        TCP,
        DNS
    }

    /** An address and port of the command line. */
    record HostPort(String host, int port) {
        /** As it is written in a URL, with brackets round an IPv6 address. */
        @Override
        public String toString() {
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
        }

        /** Reads {@code HOST:PORT}, or {@code PORT} where there is a default host. */
        static HostPort parse(String flag, String text, @Nullable String defaultHost, int lowestPort) {
            int colon = text.lastIndexOf(':');
            String host = colon < 0 ? "" : text.substring(0, colon);
            if (host.startsWith("[") && host.endsWith("]")) {
                host = host.substring(1, host.length() - 1);
            } else if (host.indexOf(':') >= 0) {
                throw new UsageException(flag + " '" + text + "': an IPv6 address goes in brackets, as in [::1]:8080");
            }
            if (host.isEmpty()) {
                if (defaultHost == null || colon == 0) {
                    throw new UsageException(flag + " '" + text + "': expected HOST:PORT, such as 127.0.0.1:8080");
                }
                host = defaultHost;
            }
            for (int i = 0; i < host.length(); i++) {
                char c = host.charAt(i);
                if (!(Character.isLetterOrDigit(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%')) {
                    throw new UsageException(flag + " '" + text + "': '" + c + "' can't be part of a host name");
                }
            }
            return new HostPort(host, (int) number(flag, text.substring(colon + 1), lowestPort, 65535));
        }
    }

    /** A command line that can't be understood; the message names the flag and the fix. */
    static final class UsageException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UsageException(String message) {
            super(message, null, false, false);
        }
    }

    /** Reads the command line; null = help was asked for. */
    static @Nullable StandaloneOptions parse(String... arguments) {
        HostPort listen = null;
        String upstreams = null;
        boolean dns = false;
        Protocol protocol = Protocol.HTTP;
        boolean insecure = false;
        List<String> faults = new ArrayList<>();
        Path rules = null;
        HostPort admin = new HostPort("127.0.0.1", 0);
        Long seed = null;
        String accessLog = null;
        long timeoutMillis = 0;
        int concurrency = 1;
        String logLevel = "warning";
        boolean json = false;
        boolean quiet = false;
        boolean version = false;
        String killFile = null;
        String protect = null;
        boolean dryRun = false;
        for (int i = 0; i < arguments.length; i++) {
            String flag = arguments[i];
            String value = null;
            int equals = flag.indexOf('=');
            if (flag.startsWith("--") && equals > 0) {
                value = flag.substring(equals + 1);
                flag = flag.substring(0, equals);
            }
            switch (flag) {
                case "-h", "--help" -> {
                    return null;
                }
                case "-V", "--version" -> {
                    version = true;
                    continue;
                }
                case "--json", "--quiet", "--insecure", "--dns", "--dry-run" -> {
                    if (value != null) {
                        throw new UsageException(flag + " takes no value");
                    }
                    json |= flag.equals("--json");
                    quiet |= flag.equals("--quiet");
                    dryRun |= flag.equals("--dry-run");
                    insecure |= flag.equals("--insecure");
                    dns |= flag.equals("--dns");
                    continue;
                }
                case "--listen",
                        "--upstream",
                        "--fault",
                        "--rules",
                        "--admin",
                        "--seed",
                        "--access-log",
                        "--timeout" -> {}
                case "--concurrency", "--log-level", "--protect", "--kill-file" -> {}
                default ->
                    throw new UsageException("unknown argument '" + arguments[i] + "'" + Suggestion.of(flag, FLAGS)
                            + "; mishap standalone --help lists them");
            }
            if (value == null) {
                if (++i == arguments.length) {
                    throw new UsageException(flag + " needs a value");
                }
                value = arguments[i];
            }
            switch (flag) {
                case "--listen" -> listen = HostPort.parse(flag, value, "127.0.0.1", 0);
                case "--upstream" -> upstreams = value;
                case "--fault" -> faults.add(value);
                case "--rules" -> rules = path(flag, value);
                case "--admin" -> admin = value.equals("off") ? null : HostPort.parse(flag, value, "127.0.0.1", 0);
                case "--seed" -> seed = number(flag, value, Long.MIN_VALUE, Long.MAX_VALUE);
                case "--access-log" -> accessLog = value;
                case "--timeout" -> timeoutMillis = millis(flag, value);
                case "--concurrency" -> concurrency = (int) number(flag, value, 1, 128);
                case "--log-level" -> logLevel = value;
                case "--kill-file" -> killFile = value;
                case "--protect" -> protect = value;
                default -> throw new AssertionError(flag);
            }
        }
        if (version) {
            listen = new HostPort("", 0);
            upstreams = "localhost:1";
            dns = false;
        }
        if (listen == null) {
            throw new UsageException("--listen is missing: the port to accept connections on, such as --listen 10000");
        }
        List<HostPort> resolvers = dns ? resolvers(upstreams, listen) : List.of();
        HostPort upstream;
        if (dns) {
            protocol = Protocol.DNS;
            upstream = resolvers.get(0);
        } else if (upstreams == null) {
            throw new UsageException("--upstream is missing: the dependency, such as --upstream 127.0.0.1:8080");
        } else {
            protocol = protocol(upstreams);
            upstream = upstream("--upstream", upstreams, protocol);
        }
        if (insecure && protocol != Protocol.HTTPS) {
            throw new UsageException("--insecure is for a dependency over TLS: --upstream https://HOST:PORT");
        }
        if (protocol == Protocol.TCP && timeoutMillis > 0) {
            throw new UsageException("--timeout is for answers of HTTP; a tcp:// dependency has none");
        }
        return new StandaloneOptions(
                listen,
                upstream,
                protocol,
                resolvers,
                insecure,
                List.copyOf(faults),
                rules,
                admin,
                seed,
                accessLog,
                timeoutMillis,
                concurrency,
                logLevel,
                json,
                quiet,
                version,
                killFile,
                protect,
                dryRun);
    }

    /** The resolvers of {@code --upstream}, or those of the system. */
    private static List<HostPort> resolvers(@Nullable String given, HostPort listen) {
        List<HostPort> resolvers = new ArrayList<>();
        if (given == null) {
            for (InetSocketAddress server : NameServers.system()) {
                resolvers.add(new HostPort(server.getAddress().getHostAddress(), server.getPort()));
            }
            if (resolvers.isEmpty()) {
                throw new UsageException("/etc/resolv.conf names no server: tell one by --upstream ADDRESS[:PORT]");
            }
        } else {
            for (String each : given.split(",", -1)) {
                String problem = "--upstream '" + each
                        + "': with --dns expected IP addresses of resolvers, such as 10.0.0.2 or 10.0.0.2:5353";
                if (each.isEmpty() || each.contains("://")) {
                    throw new UsageException(problem);
                }
                boolean bare = each.charAt(0) != '[' && StandaloneBootstrap.isAddress(each);
                HostPort resolver =
                        bare ? new HostPort(each, 53) : HostPort.parse("--upstream", withPort(each), null, 1);
                if (!StandaloneBootstrap.isAddress(resolver.host())) {
                    throw new UsageException(problem);
                }
                resolvers.add(resolver);
            }
        }
        if (resolvers.size() > 16) {
            throw new UsageException("--upstream names " + resolvers.size() + " resolvers; there can be 16");
        }
        if (listen.port() > 0 && resolvers.contains(listen)) {
            throw new UsageException("the resolver " + listen
                    + " is this proxy itself: its questions would go round for ever; name the real one by --upstream");
        }
        return List.copyOf(resolvers);
    }

    private static String withPort(String text) {
        return text.lastIndexOf(':') <= text.lastIndexOf(']') ? text + ":53" : text;
    }

    private static Path path(String flag, String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new UsageException(flag + " '" + value + "': can't be a path here: " + e.getReason());
        }
    }

    private static Protocol protocol(String value) {
        return value.startsWith("https://")
                ? Protocol.HTTPS
                : value.startsWith("tcp://") ? Protocol.TCP : Protocol.HTTP;
    }

    private static HostPort upstream(String flag, String value, Protocol protocol) {
        int scheme = value.indexOf("://");
        String text = scheme < 0 ? value : value.substring(scheme + 3);
        if (scheme >= 0 && !value.substring(0, scheme).equals(protocol.name().toLowerCase(Locale.ROOT))) {
            throw new UsageException(flag + " '" + value + "': expected HOST:PORT, http://, https:// or tcp://");
        }
        if (text.endsWith("/")) {
            text = text.substring(0, text.length() - 1);
        }
        boolean noPort = text.lastIndexOf(':') <= text.lastIndexOf(']');
        return HostPort.parse(flag, protocol == Protocol.HTTPS && noPort ? text + ":443" : text, null, 1);
    }

    private static long number(String flag, String text, long lowest, long highest) {
        try {
            long n = Long.parseLong(text);
            if (n >= lowest && n <= highest) {
                return n;
            }
        } catch (NumberFormatException e) {
            // told below, as a number out of range is
        }
        throw new UsageException(flag + " '" + text + "': expected a whole number from " + lowest + " to " + highest);
    }

    private static long millis(String flag, String text) {
        int digits = 0;
        while (digits < text.length() && Character.isDigit(text.charAt(digits))) {
            digits++;
        }
        long unit = switch (text.substring(digits)) {
            case "ms" -> 1;
            case "s" -> 1000;
            case "m" -> 60_000;
            default ->
                throw new UsageException(
                        flag + " '" + text + "': expected a whole number and a unit, such as 500ms, 15s or 2m");
        };
        return number(flag, text.substring(0, digits), 0, 86_400_000L / unit) * unit;
    }
}
