package dev.mishap.rules.fault;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** All faults, in words: the source of docs/faults.md's tables and of {@code mishap faults}. */
public final class FaultCatalog {
    static final String CONNECTION_SCOPE =
            "listeners, clusters (of tcp_proxy), source.cidrs, sni, destination, cohort (address)";
    static final String UPSTREAM_SCOPE = "clusters, endpoints (cidrs, ports, localities, labels)";

    private static final String TIME = "more than 0s, at most 24h";
    private static final FaultField DIRECTION = field("direction", "both (default), toUpstream, toDownstream");
    private static final FaultField SIDE =
            field("side", "downstream (default): the client's connection; upstream: the proxy's own");
    private static final FaultField AFTER_BYTES =
            field("afterBytes", "1 or more bytes, both directions together; default: at once");
    private static final FaultField AFTER = field("after", "age of the connection, " + TIME + "; default: at once");
    private static final FaultField THEN = field("then", "refuse (default): RST; close: FIN; queue: waits for room");

    private static final List<FaultEntry> ALL = all();

    private FaultCatalog() {}

    /** Every fault, HTTP requests first, then connections, then DNS. */
    public static List<FaultEntry> entries() {
        return ALL;
    }

    /** Those of a name in any case: one entry, or all actions of {@code dns}; empty when there is none. */
    public static List<FaultEntry> named(String name) {
        return ALL.stream()
                .filter(e -> e.name().equalsIgnoreCase(name)
                        || e.name().equalsIgnoreCase("dns." + name)
                        || e.name()
                                .toLowerCase(java.util.Locale.ROOT)
                                .startsWith(name.toLowerCase(java.util.Locale.ROOT) + "."))
                .toList();
    }

    /** Whether a rule with this fault can act on the proxy's own connections. */
    public static boolean hasUpstreamSide(Fault.Kind kind) {
        return switch (kind) {
            case REFUSE,
                    CLOSE,
                    CONNECTION_RESET,
                    CONNECT_DELAY,
                    LATENCY,
                    BANDWIDTH,
                    SLICE,
                    LIMIT_DATA,
                    CORRUPT,
                    SLOW_CLOSE,
                    PARTITION -> true;
            default -> false;
        };
    }

    private static FaultField field(String name, String values) {
        return new FaultField(name, values);
    }

    private static List<FaultEntry> all() {
        List<FaultEntry> all = new ArrayList<>();
        requests(all);
        accepts(all);
        bytes(all);
        ends(all);
        dns(all);
        return List.copyOf(all);
    }

    private static void add(
            List<FaultEntry> to, Fault.Kind kind, String example, String wire, String seen, FaultField... fields) {
        to.add(new FaultEntry(kind.field(), kind, wire, seen, Arrays.asList(fields), example));
    }

    private static void requests(List<FaultEntry> all) {
        add(
                all,
                Fault.Kind.ABORT,
                "abort 503 40% when header x-user-tier = canary",
                "nothing goes upstream; the proxy answers, content-type text/plain. gRPC: trailers only, HTTP 200",
                "the status, and the body or the message",
                field("httpStatus", "200 to 599"),
                field("grpcStatus", "a name or 0 to 16; one of the two"),
                field("body", "at most 65536 characters; default: fault filter abort"));
        add(
                all,
                Fault.Kind.DELAY,
                "delay 100ms 10% when path ^= /pay",
                "the request goes upstream so much later, never earlier; delays add up",
                "a slower answer, or its own time-out",
                field("fixed", TIME));
        add(
                all,
                Fault.Kind.RESPONSE_RATE_LIMIT,
                "rate-limit 64KiB/s",
                "the body in slices of 50 ms; the headers and a body of one slice at once; the slowest rule counts",
                "a slow download",
                field("kbps", "1 to 1073741824 KiB/s"));
        add(
                all,
                Fault.Kind.RESET,
                "reset after 100 bytes code CANCEL 5%",
                "HTTP/1: RST. HTTP/2: RST_STREAM with the code; goAway: GOAWAY with it, then FIN, for all streams. What came before is"
                        + " delivered first; a response without a body, or with a shorter one, passes",
                "connection reset by peer; curl 56, over HTTP/2 curl 92",
                field("after", "request (default): instead of a response; headers: after its headers"),
                field("afterBodyBytes", "1 or more bytes of the response's body"),
                field("code", "an HTTP/2 error code by name; default INTERNAL_ERROR"),
                field("goAway", "true or false (default)"));
    }

    private static void accepts(List<FaultEntry> all) {
        add(
                all,
                Fault.Kind.REFUSE,
                "refuse 5% from 10.0.0.0/8",
                "RST as soon as the connection is accepted; upstream: no packet, connecting fails as if refused",
                "connection reset, or refused; upstream: 503 and UF from HTTP, an end from tcp_proxy",
                SIDE);
        add(
                all,
                Fault.Kind.BLACK_HOLE,
                "black-hole when port = 5432",
                "accepted, what comes is read and dropped, nothing is sent; nothing goes upstream",
                "connected, and its read time-out");
        add(
                all,
                Fault.Kind.TIMEOUT,
                "timeout 5s",
                "accepted, not read; closed after the time (FIN, or RST if the client has sent something)",
                "connected, nothing, then an end",
                field("after", TIME));
        add(
                all,
                Fault.Kind.FLAP,
                "flap up 10s down 2s",
                "by turns, from the installation on: all passes; new connections and those that passed get RST",
                "a service that comes and goes",
                field("up", TIME),
                field("down", TIME));
        add(
                all,
                Fault.Kind.CONNECTION_LIMIT,
                "connection-limit 10 queue",
                "at most so many connections of the rule at one time, over all workers",
                "over it: RST, FIN, or connected and waiting",
                field("max", "0 to 2147483647 connections"),
                THEN);
        add(
                all,
                Fault.Kind.EXHAUST_POOL,
                "exhaust-pool 10 queue",
                "the first connections are accepted and held, read and never answered; one that its client closes makes room for the next",
                "a pool that is full of dead connections: its own connection time-out",
                field("hold", "1 to 2147483647 connections"),
                THEN);
    }

    private static void bytes(List<FaultEntry> all) {
        add(
                all,
                Fault.Kind.CONNECT_DELAY,
                "connect-delay 100ms jitter 10ms",
                "the client is accepted at once, the connection upstream is begun later; of an endpoint: within the connect_timeout",
                "connected at once, its first answer late",
                field("fixed", TIME),
                field("jitter", "0s (default) to fixed, uniform"));
        add(
                all,
                Fault.Kind.LATENCY,
                "latency 100ms jitter 20ms downstream when port = 5432",
                "each read arrives so much later, in order, never earlier",
                "every round trip takes longer",
                field("fixed", TIME),
                field("jitter", "0s (default) to fixed, drawn for each read"),
                DIRECTION);
        add(
                all,
                Fault.Kind.BANDWIDTH,
                "bandwidth 64KiB/s downstream",
                "steps of 5 ms at the rate, each direction by itself; the source is held up at 256 KiB",
                "a slow transfer",
                field("kbps", "1 to 1073741824 KiB/s"),
                DIRECTION);
        add(
                all,
                Fault.Kind.SLICE,
                "slice 10 bytes vary 5 every 1ms",
                "segments of that size, each sent by itself",
                "short reads",
                field("bytes", "1 to 1048576 bytes"),
                field("variation", "0 (default), less than bytes"),
                field("delay", "between two pieces, 0s (default) to 24h"),
                DIRECTION);
        add(
                all,
                Fault.Kind.LIMIT_DATA,
                "limit-data 1000 bytes downstream",
                "so many bytes of a direction, then FIN; the rest is dropped",
                "a cut answer",
                field("bytes", "0 or more"),
                DIRECTION);
        add(
                all,
                Fault.Kind.CORRUPT,
                "corrupt pattern deadbeef at 16 upstream",
                "one bit of the drawn bytes turned round, or bytes written over; as many as before",
                "what its protocol makes of it: a failed checksum, a protocol error, a TLS alert",
                field("percentage", "0 to 100 % of the bytes"),
                field("pattern", "hexadecimal, 1 to 64 bytes; one of the two"),
                field("offset", "0 (default) or more bytes that pass first"),
                DIRECTION);
        add(
                all,
                Fault.Kind.SLOW_CLOSE,
                "slow-close 1s",
                "an end of a direction (FIN) is passed on so much later",
                "the service's end of stream comes late",
                field("delay", TIME));
        add(
                all,
                Fault.Kind.PARTITION,
                "partition when endpoint locality = eu-west for 30s",
                "drop: no packet to new connections until the connect_timeout, live ones stall, nothing is lost if the rule ends in time;"
                        + " refuse: new ones refused, RST on live ones",
                "503 and UF from HTTP, an end or RST from tcp_proxy; a stalled request meets its own time-out",
                field("mode", "drop (default), refuse"),
                field(
                        "direction",
                        "both (default), toUpstream, toDownstream: the other way of live connections goes on"));
    }

    private static void ends(List<FaultEntry> all) {
        add(
                all,
                Fault.Kind.CLOSE,
                "close after 1000 bytes",
                "FIN, after the bytes before it; upstream: to the service, as if it had closed",
                "an end of stream",
                AFTER_BYTES,
                AFTER,
                SIDE);
        add(
                all,
                Fault.Kind.CONNECTION_RESET,
                "reset-connection after 5s 10%",
                "RST, after the bytes before it; upstream: to the service, as if it had reset",
                "connection reset by peer",
                AFTER_BYTES,
                AFTER,
                SIDE);
        add(
                all,
                Fault.Kind.HALF_OPEN,
                "half-open after 5s",
                "FIN to the service; the client's connection stays, its bytes are dropped",
                "a connection that is silent for good",
                AFTER_BYTES,
                AFTER);
    }

    private static void dns(List<FaultEntry> all) {
        action(
                all,
                DnsFault.Action.DELAY,
                "dns delay 3s when name = db.internal",
                "the resolver's answer comes later; delays add up",
                "slower; glibc asks again after 5 s",
                TIME);
        action(
                all,
                DnsFault.Action.DROP,
                "dns drop 10% when name $= .internal",
                "no answer; no resolver is asked",
                "a time-out, and the next server of its list",
                "true");
        action(
                all,
                DnsFault.Action.SERVFAIL,
                "dns servfail when type = AAAA",
                "RCODE 2, no record",
                "EAI_AGAIN; many ask the next server",
                "true");
        action(all, DnsFault.Action.NXDOMAIN, "dns nxdomain", "RCODE 3, no record", "no such host", "true");
        action(all, DnsFault.Action.REFUSED, "dns refused", "RCODE 5, no record", "as SERVFAIL", "true");
        action(
                all,
                DnsFault.Action.EMPTY,
                "dns empty when type = AAAA",
                "RCODE 0, no record (NODATA)",
                "the name has no address",
                "true");
        action(
                all,
                DnsFault.Action.TTL,
                "dns ttl 5s",
                "every record of the answer gets this time to live; the smallest rule counts",
                "it asks again sooner or later",
                "0s to 24h, whole seconds");
        action(
                all,
                DnsFault.Action.ADDRESS,
                "dns address 10.0.0.1,::1 when name = db.internal",
                "the addresses of the type that is asked for, TTL 60 s or what a ttl rule says",
                "it connects elsewhere",
                "1 to 16 IP addresses");
        action(
                all,
                DnsFault.Action.TRUNCATE,
                "dns truncate",
                "over UDP: TC and no record; over TCP nothing",
                "it asks again over TCP",
                "true");
    }

    private static void action(
            List<FaultEntry> to, DnsFault.Action action, String example, String wire, String seen, String values) {
        to.add(new FaultEntry(
                "dns." + action.field(), Fault.Kind.DNS, wire, seen, List.of(field(action.field(), values)), example));
    }

    /** The tables as Markdown. */
    public static String markdown() {
        StringBuilder out = new StringBuilder();
        for (Fault.Plane plane : Fault.Plane.values()) {
            out.append("\n### ")
                    .append(
                            switch (plane) {
                                case REQUEST -> "HTTP requests";
                                case CONNECTION -> "TCP connections";
                                case DNS -> "DNS questions";
                            });
            out.append("\n\n| fault | on the wire | what a client sees | fields | example |\n|---|---|---|---|---|\n");
            for (FaultEntry entry : ALL) {
                if (entry.kind().plane() == plane) {
                    out.append("| `")
                            .append(entry.name())
                            .append("` | ")
                            .append(entry.wire())
                            .append(" | ");
                    out.append(entry.seen()).append(" | ");
                    List<String> fields = new ArrayList<>();
                    entry.fields().forEach(f -> fields.add("`" + f.name() + "`: " + f.values()));
                    out.append(String.join("; ", fields))
                            .append(" | `")
                            .append(entry.example())
                            .append("` |\n");
                }
            }
            String scope = plane == Fault.Plane.CONNECTION
                    ? CONNECTION_SCOPE
                            + ". Of connections upstream (`side: upstream`, `partition`, or a fault of bytes with `scope.endpoints`): "
                            + UPSTREAM_SCOPE
                    : ALL.stream()
                            .filter(e -> e.kind().plane() == plane)
                            .findFirst()
                            .orElseThrow()
                            .scope();
            out.append("\nScope: ").append(scope).append(". Of all: percentage, limits, schedule, ttl.\n");
        }
        return out.toString();
    }
}
