package dev.mishap.proxy.rules.config;

import static dev.mishap.proxy.rules.config.RuleConfig.attempt;
import static dev.mishap.proxy.rules.config.RuleConfig.duration;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Bandwidth;
import dev.mishap.rules.fault.BlackHole;
import dev.mishap.rules.fault.Close;
import dev.mishap.rules.fault.ConnectDelay;
import dev.mishap.rules.fault.ConnectionLimit;
import dev.mishap.rules.fault.ConnectionReset;
import dev.mishap.rules.fault.Corrupt;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Direction;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.ExhaustPool;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Flap;
import dev.mishap.rules.fault.HalfOpen;
import dev.mishap.rules.fault.Http2Error;
import dev.mishap.rules.fault.Latency;
import dev.mishap.rules.fault.LimitData;
import dev.mishap.rules.fault.Moment;
import dev.mishap.rules.fault.Overflow;
import dev.mishap.rules.fault.Pace;
import dev.mishap.rules.fault.Partition;
import dev.mishap.rules.fault.Refuse;
import dev.mishap.rules.fault.Reset;
import dev.mishap.rules.fault.ResponseRateLimit;
import dev.mishap.rules.fault.Side;
import dev.mishap.rules.fault.Slice;
import dev.mishap.rules.fault.SlowClose;
import dev.mishap.rules.fault.Timeout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Reads the oneof {@code fault} of {@code mishap.rules.v1.FaultRule}. A new fault is a line in the switch and one in the list of fields. */
final class FaultConfig {
    static final List<SupportedFields> FIELDS = List.of(
            of("Abort", "http_status", "grpc_status", "body"),
            of("Reset", "after_headers", "after_body_bytes", "code", "go_away"),
            of("Delay", "fixed"),
            of("ResponseRateLimit", "kbps"),
            of("Refuse", "side"),
            of("BlackHole"),
            of("Timeout", "after"),
            of("Flap", "up", "down"),
            of("ConnectionLimit", "max", "then"),
            of("ExhaustPool", "hold", "then"),
            of("ConnectDelay", "fixed", "jitter"),
            of("Latency", "fixed", "jitter", "direction"),
            of("Bandwidth", "kbps", "direction"),
            of("Slice", "bytes", "variation", "delay", "direction"),
            of("LimitData", "bytes", "direction"),
            of("Corrupt", "percentage", "pattern", "offset", "direction"),
            of("Close", "after_bytes", "after", "side"),
            of("ConnectionReset", "after_bytes", "after", "side"),
            of("HalfOpen", "after_bytes", "after"),
            of("SlowClose", "delay"),
            of("Partition", "mode", "direction"),
            of("Dns", "delay", "drop", "servfail", "nxdomain", "refused", "empty", "ttl", "address", "truncate"),
            of("Dns.Addresses", "addresses"));

    /** The fields of the oneof. */
    static final String[] NAMES = Arrays.stream(Fault.Kind.values())
            .map(kind -> kind.name().toLowerCase(Locale.ROOT))
            .toArray(String[]::new);

    private FaultConfig() {}

    private static SupportedFields of(String message, String... fields) {
        return SupportedFields.of(RuleConfig.RULE + "." + message).supported(fields);
    }

    static Fault from(ConfigNode rule) {
        String field = rule.oneof("fault");
        if (field == null) {
            throw rule.error("fault", "is required");
        }
        ConfigNode node = rule.required(field);
        return attempt(rule, field, () -> switch (Fault.Kind.valueOf(field.toUpperCase(Locale.ROOT))) {
            case ABORT -> abort(node);
            case RESET -> reset(node);
            case DELAY -> new Delay(duration(node, "fixed"));
            case RESPONSE_RATE_LIMIT -> new ResponseRateLimit(node.integer("kbps", 0));
            case REFUSE -> new Refuse(side(node));
            case BLACK_HOLE -> new BlackHole();
            case TIMEOUT -> new Timeout(duration(node, "after"));
            case FLAP -> new Flap(duration(node, "up"), duration(node, "down"));
            case CONNECTION_LIMIT -> new ConnectionLimit((int) node.integer("max", 0), overflow(node));
            case EXHAUST_POOL -> new ExhaustPool((int) node.integer("hold", 0), overflow(node));
            case CONNECT_DELAY -> new ConnectDelay(pace(node));
            case LATENCY -> new Latency(pace(node), direction(node));
            case BANDWIDTH -> new Bandwidth(node.integer("kbps", 0), direction(node));
            case SLICE ->
                new Slice(
                        (int) node.integer("bytes", 0),
                        (int) node.integer("variation", 0),
                        duration(node, "delay"),
                        direction(node));
            case LIMIT_DATA -> new LimitData(node.integer("bytes", 0), direction(node));
            case CORRUPT ->
                new Corrupt(
                        RuleConfig.percentage(node, "percentage", Percentage.FULL),
                        node.integer("offset", 0),
                        node.has("pattern") ? node.string("pattern") : null,
                        direction(node));
            case CLOSE -> new Close(moment(node), side(node));
            case CONNECTION_RESET -> new ConnectionReset(moment(node), side(node));
            case HALF_OPEN -> new HalfOpen(moment(node));
            case SLOW_CLOSE -> new SlowClose(duration(node, "delay"));
            case PARTITION ->
                new Partition(
                        node.enumName("mode").equals("REJECT") ? Partition.Mode.REFUSE : Partition.Mode.DROP,
                        direction(node));
            case DNS -> dns(node);
        });
    }

    private static Abort abort(ConfigNode node) {
        return new Abort(
                (int) node.integer("http_status", 0),
                (int) node.integer("grpc_status", -1),
                node.has("body") ? node.string("body") : null);
    }

    private static Reset reset(ConfigNode node) {
        String code = node.enumName("code");
        int number = code.equals("DEFAULT") ? Http2Error.INTERNAL_ERROR : Http2Error.parse(code);
        long bytes = node.integer("after_body_bytes", 0);
        Reset.Point point =
                node.has("after_headers") ? Reset.Point.HEADERS : bytes > 0 ? Reset.Point.BODY : Reset.Point.REQUEST;
        return new Reset(point, bytes, number, node.bool("go_away", false));
    }

    private static DnsFault dns(ConfigNode node) {
        String field = String.valueOf(node.oneof("action"));
        DnsFault.Action action = DnsFault.Action.valueOf(field.toUpperCase(Locale.ROOT));
        return switch (action) {
            case DELAY -> DnsFault.delay(duration(node, field));
            case TTL -> DnsFault.ttl(duration(node, field));
            case ADDRESS -> DnsFault.address(node.required(field).strings("addresses"));
            default -> DnsFault.of(action);
        };
    }

    private static Pace pace(ConfigNode node) {
        return new Pace(duration(node, "fixed"), duration(node, "jitter"));
    }

    private static Moment moment(ConfigNode node) {
        return new Moment(node.integer("after_bytes", 0), duration(node, "after"));
    }

    private static Side side(ConfigNode node) {
        return Side.valueOf(node.enumName("side"));
    }

    private static Direction direction(ConfigNode node) {
        return Direction.valueOf(node.enumName("direction"));
    }

    private static Overflow overflow(ConfigNode node) {
        return Overflow.valueOf(node.enumName("then"));
    }
}
