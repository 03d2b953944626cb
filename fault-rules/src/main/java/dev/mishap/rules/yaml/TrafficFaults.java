package dev.mishap.rules.yaml;

import static dev.mishap.rules.yaml.Type.Scalar.ADDRESS;
import static dev.mishap.rules.yaml.Type.Scalar.BOOLEAN;
import static dev.mishap.rules.yaml.Type.Scalar.DURATION;
import static dev.mishap.rules.yaml.Type.Scalar.INTEGER;
import static dev.mishap.rules.yaml.Type.Scalar.PERCENTAGE;
import static dev.mishap.rules.yaml.Type.Scalar.TEXT;

import dev.mishap.rules.Durations;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.fault.Bandwidth;
import dev.mishap.rules.fault.BlackHole;
import dev.mishap.rules.fault.Close;
import dev.mishap.rules.fault.ConnectDelay;
import dev.mishap.rules.fault.ConnectionLimit;
import dev.mishap.rules.fault.ConnectionReset;
import dev.mishap.rules.fault.Corrupt;
import dev.mishap.rules.fault.Direction;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.ExhaustPool;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Flap;
import dev.mishap.rules.fault.HalfOpen;
import dev.mishap.rules.fault.Latency;
import dev.mishap.rules.fault.LimitData;
import dev.mishap.rules.fault.Moment;
import dev.mishap.rules.fault.Overflow;
import dev.mishap.rules.fault.Pace;
import dev.mishap.rules.fault.Partition;
import dev.mishap.rules.fault.Refuse;
import dev.mishap.rules.fault.Side;
import dev.mishap.rules.fault.Slice;
import dev.mishap.rules.fault.SlowClose;
import dev.mishap.rules.fault.Timeout;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The faults of connections and of DNS as they stand in files: their fields, how they are read, how they are written. */
final class TrafficFaults {
    private static final Type.Choice DIRECTION = new Type.Choice(
            Arrays.stream(Direction.values()).map(Direction::field).toList());
    private static final Type.Choice SIDE =
            new Type.Choice(Arrays.stream(Side.values()).map(Side::field).toList());
    private static final Type.Choice OVERFLOW = new Type.Choice(
            Arrays.stream(Overflow.values()).map(Overflow::field).toList());

    private static final Type.Choice MODE = new Type.Choice(
            Arrays.stream(Partition.Mode.values()).map(Partition.Mode::field).toList());

    private TrafficFaults() {}

    /** Adds the fields of these faults to the shape of all faults; returns their names. */
    static List<String> addTo(Shape fault) {
        Map<Fault.Kind, Shape> shapes = new LinkedHashMap<>();
        Map<Fault.Kind, String> docs = new LinkedHashMap<>();
        put(
                shapes,
                docs,
                Fault.Kind.REFUSE,
                "Resets connections as they are accepted, or fails the connection upstream.",
                side(new Shape("Refuse").bare()));
        put(shapes, docs, Fault.Kind.BLACK_HOLE, "Accepts and never answers.", new Shape("BlackHole"));
        put(
                shapes,
                docs,
                Fault.Kind.TIMEOUT,
                "Accepts, lets nothing through, and closes.",
                new Shape("Timeout").required("after", DURATION, "When it closes; at most 24h."));
        put(
                shapes,
                docs,
                Fault.Kind.FLAP,
                "A service that comes and goes.",
                new Shape("Flap")
                        .required("up", DURATION, "How long connections pass.")
                        .required("down", DURATION, "How long they are reset."));
        put(
                shapes,
                docs,
                Fault.Kind.CONNECTION_LIMIT,
                "At most so many connections at one time.",
                overflow(new Shape("ConnectionLimit").required("max", INTEGER, "0 or more.")));
        put(
                shapes,
                docs,
                Fault.Kind.EXHAUST_POOL,
                "Holds the first connections open, idle and unanswered.",
                overflow(new Shape("ExhaustPool").required("hold", INTEGER, "How many; 1 or more.")));
        put(shapes, docs, Fault.Kind.CONNECT_DELAY, "Connects upstream later.", pace(new Shape("ConnectDelay")));
        put(shapes, docs, Fault.Kind.LATENCY, "Every byte arrives later.", direction(pace(new Shape("Latency"))));
        put(
                shapes,
                docs,
                Fault.Kind.BANDWIDTH,
                "Bytes pass no faster than this.",
                direction(new Shape("Bandwidth").required("kbps", INTEGER, "KiB per second.")));
        put(
                shapes,
                docs,
                Fault.Kind.SLICE,
                "Bytes pass in small pieces.",
                direction(new Shape("Slice")
                        .required("bytes", INTEGER, "Size of a piece; 1 to 1048576.")
                        .optional("variation", INTEGER, "The size varies by as much; default 0.")
                        .optional("delay", DURATION, "Between two pieces; default none.")));
        put(
                shapes,
                docs,
                Fault.Kind.LIMIT_DATA,
                "Closes after so many bytes of a direction.",
                direction(new Shape("LimitData").required("bytes", INTEGER, "0 or more.")));
        put(
                shapes,
                docs,
                Fault.Kind.CORRUPT,
                "Changes bytes.",
                direction(new Shape("Corrupt")
                        .optional("percentage", PERCENTAGE, "The share of bytes of which a bit is turned round.")
                        .optional("pattern", TEXT, "Hexadecimal bytes that are written at the offset.")
                        .optional("offset", INTEGER, "Bytes that pass untouched first; default 0.")
                        .exactlyOneOf("percentage", "pattern")));
        put(shapes, docs, Fault.Kind.CLOSE, "Closes the connection (FIN).", side(moment(new Shape("Close").bare())));
        put(
                shapes,
                docs,
                Fault.Kind.CONNECTION_RESET,
                "Resets the connection (RST).",
                side(moment(new Shape("ConnectionReset").bare())));
        put(
                shapes,
                docs,
                Fault.Kind.HALF_OPEN,
                "Drops the connection upstream without telling the client.",
                moment(new Shape("HalfOpen").bare()));
        put(
                shapes,
                docs,
                Fault.Kind.SLOW_CLOSE,
                "Passes an end of stream on later.",
                new Shape("SlowClose").required("delay", DURATION, "How much later."));
        put(
                shapes,
                docs,
                Fault.Kind.PARTITION,
                "Cuts the network to a group of endpoints.",
                direction(new Shape("Partition")
                        .bare()
                        .optional("mode", MODE, "drop (default): nothing is answered; refuse: it is rejected.")));
        put(shapes, docs, Fault.Kind.DNS, "What happens to a DNS question.", dns());
        shapes.forEach(
                (kind, shape) -> fault.optional(kind.field(), new Type.Of(shape), String.valueOf(docs.get(kind))));
        return shapes.keySet().stream().map(Fault.Kind::field).toList();
    }

    private static void put(
            Map<Fault.Kind, Shape> shapes, Map<Fault.Kind, String> docs, Fault.Kind kind, String doc, Shape shape) {
        shapes.put(kind, shape);
        docs.put(kind, doc);
    }

    private static Shape dns() {
        Shape shape = new Shape("Dns");
        String[] names = new String[DnsFault.Action.values().length];
        for (DnsFault.Action action : DnsFault.Action.values()) {
            names[action.ordinal()] = action.field();
            switch (action) {
                case DELAY -> shape.optional("delay", DURATION, "The answer comes so much later.");
                case TTL -> shape.optional("ttl", DURATION, "Time to live of every record; whole seconds.");
                case ADDRESS ->
                    shape.optional("address", new Type.ListOf(ADDRESS, false), "The answer has these addresses.");
                case DROP -> shape.optional("drop", BOOLEAN, "There is no answer.");
                case EMPTY -> shape.optional("empty", BOOLEAN, "The answer has no record.");
                case TRUNCATE -> shape.optional("truncate", BOOLEAN, "An answer over UDP is truncated (TC).");
                case SERVFAIL, NXDOMAIN, REFUSED ->
                    shape.optional(action.field(), BOOLEAN, "The answer is " + action.name() + ".");
            }
        }
        return shape.exactlyOneOf(names);
    }

    private static Shape direction(Shape shape) {
        return shape.optional("direction", DIRECTION, "Which way; default both.");
    }

    private static Shape side(Shape shape) {
        return shape.optional("side", SIDE, "Which connection; default downstream.");
    }

    private static Shape overflow(Shape shape) {
        return shape.optional("then", OVERFLOW, "What becomes of the others; default refuse.");
    }

    private static Shape pace(Shape shape) {
        return shape.required("fixed", DURATION, "How long; at most 24h.")
                .optional("jitter", DURATION, "The time varies by as much; default 0s.");
    }

    private static Shape moment(Shape shape) {
        return shape.optional("afterBytes", INTEGER, "When so many bytes have passed; default: at once.")
                .optional("after", DURATION, "When the connection is so old; default: at once.");
    }

    /** Makes the fault; what the records refuse is thrown. */
    static Fault read(Fault.Kind kind, Tree at) {
        return switch (kind) {
            case REFUSE -> new Refuse(side(at));
            case BLACK_HOLE -> new BlackHole();
            case TIMEOUT -> new Timeout(duration(at, "after"));
            case FLAP -> new Flap(duration(at, "up"), duration(at, "down"));
            case CONNECTION_LIMIT -> new ConnectionLimit(small(at, "max"), overflow(at));
            case EXHAUST_POOL -> new ExhaustPool(small(at, "hold"), overflow(at));
            case CONNECT_DELAY -> new ConnectDelay(pace(at));
            case LATENCY -> new Latency(pace(at), direction(at));
            case BANDWIDTH -> new Bandwidth(number(at, "kbps"), direction(at));
            case SLICE -> new Slice(small(at, "bytes"), small(at, "variation"), duration(at, "delay"), direction(at));
            case LIMIT_DATA -> new LimitData(number(at, "bytes"), direction(at));
            case CORRUPT -> {
                String share = at.textOf("percentage");
                yield new Corrupt(
                        share == null ? Percentage.FULL : Percentage.parse(share),
                        number(at, "offset"),
                        at.textOf("pattern"),
                        direction(at));
            }
            case CLOSE -> new Close(moment(at), side(at));
            case CONNECTION_RESET -> new ConnectionReset(moment(at), side(at));
            case HALF_OPEN -> new HalfOpen(moment(at));
            case SLOW_CLOSE -> new SlowClose(duration(at, "delay"));
            case PARTITION ->
                new Partition(chosen(Partition.Mode.values(), at.textOf("mode"), Partition.Mode::field), direction(at));
            case DNS -> dns(at);
            case ABORT, RESET, DELAY, RESPONSE_RATE_LIMIT -> throw new AssertionError(kind);
        };
    }

    private static DnsFault dns(Tree at) {
        Map.Entry<String, Tree> only = at.fields().entrySet().iterator().next();
        for (DnsFault.Action action : DnsFault.Action.values()) {
            if (action.field().equals(only.getKey())) {
                return switch (action) {
                    case DELAY -> DnsFault.delay(Durations.parse(only.getValue().text()));
                    case TTL -> DnsFault.ttl(Durations.parse(only.getValue().text()));
                    case ADDRESS ->
                        DnsFault.address(
                                only.getValue().items().stream().map(Tree::text).toList());
                    default -> {
                        if (!only.getValue().text().equals("true")) {
                            throw new IllegalArgumentException(action.field() + " can only be true");
                        }
                        yield DnsFault.of(action);
                    }
                };
            }
        }
        throw new AssertionError(only.getKey());
    }

    private static long number(Tree at, String field) {
        String text = at.textOf(field);
        return text == null ? 0 : Long.parseLong(text);
    }

    private static int small(Tree at, String field) {
        long n = number(at, field);
        if (n != (int) n) {
            throw new IllegalArgumentException(field + " must be at most " + Integer.MAX_VALUE + ", got " + n);
        }
        return (int) n;
    }

    private static Duration duration(Tree at, String field) {
        String text = at.textOf(field);
        return text == null ? Duration.ZERO : Durations.parse(text);
    }

    private static Pace pace(Tree at) {
        return new Pace(duration(at, "fixed"), duration(at, "jitter"));
    }

    private static Moment moment(Tree at) {
        if (at.get("afterBytes") != null && number(at, "afterBytes") < 1) {
            throw new IllegalArgumentException("afterBytes must be 1 or more, got " + at.textOf("afterBytes"));
        }
        if (at.get("after") != null && duration(at, "after").isZero()) {
            throw new IllegalArgumentException("after must be more than 0s and at most 24h");
        }
        return new Moment(number(at, "afterBytes"), duration(at, "after"));
    }

    private static Direction direction(Tree at) {
        return chosen(Direction.values(), at.textOf("direction"), Direction::field);
    }

    private static Side side(Tree at) {
        return chosen(Side.values(), at.textOf("side"), Side::field);
    }

    private static Overflow overflow(Tree at) {
        String text = at.textOf("then");
        return text == null ? Overflow.REFUSE : chosen(Overflow.values(), text, Overflow::field);
    }

    /** The one of that name; the first when none is named. */
    private static <E> E chosen(E[] all, @Nullable String name, java.util.function.Function<E, String> field) {
        for (E each : all) {
            if (name == null || field.apply(each).equals(name)) {
                return each;
            }
        }
        throw new AssertionError(name);
    }

    /** The fields of a fault, without those that have their defaults. */
    static Map<String, Object> write(Fault fault) {
        Map<String, Object> map = new LinkedHashMap<>();
        switch (fault.kind()) {
            case REFUSE -> side(map, ((Refuse) fault).side());
            case BLACK_HOLE -> {}
            case TIMEOUT -> map.put("after", Durations.text(((Timeout) fault).after()));
            case FLAP -> {
                map.put("up", Durations.text(((Flap) fault).up()));
                map.put("down", Durations.text(((Flap) fault).down()));
            }
            case CONNECTION_LIMIT -> {
                map.put("max", ((ConnectionLimit) fault).max());
                overflow(map, ((ConnectionLimit) fault).then());
            }
            case EXHAUST_POOL -> {
                map.put("hold", ((ExhaustPool) fault).hold());
                overflow(map, ((ExhaustPool) fault).then());
            }
            case CONNECT_DELAY -> pace(map, ((ConnectDelay) fault).pace());
            case LATENCY -> {
                pace(map, ((Latency) fault).pace());
                direction(map, ((Latency) fault).direction());
            }
            case BANDWIDTH -> {
                map.put("kbps", ((Bandwidth) fault).kbps());
                direction(map, ((Bandwidth) fault).direction());
            }
            case SLICE -> slice(map, (Slice) fault);
            case LIMIT_DATA -> {
                map.put("bytes", ((LimitData) fault).bytes());
                direction(map, ((LimitData) fault).direction());
            }
            case CORRUPT -> corrupt(map, (Corrupt) fault);
            case CLOSE -> {
                moment(map, ((Close) fault).when());
                side(map, ((Close) fault).side());
            }
            case CONNECTION_RESET -> {
                moment(map, ((ConnectionReset) fault).when());
                side(map, ((ConnectionReset) fault).side());
            }
            case HALF_OPEN -> moment(map, ((HalfOpen) fault).when());
            case SLOW_CLOSE -> map.put("delay", Durations.text(((SlowClose) fault).delay()));
            case PARTITION -> {
                Partition partition = (Partition) fault;
                if (partition.mode() != Partition.Mode.DROP) {
                    map.put("mode", partition.mode().field());
                }
                direction(map, partition.direction());
            }
            case DNS -> dns(map, (DnsFault) fault);
            case ABORT, RESET, DELAY, RESPONSE_RATE_LIMIT -> throw new AssertionError(fault);
        }
        return map;
    }

    private static void slice(Map<String, Object> map, Slice slice) {
        map.put("bytes", slice.bytes());
        if (slice.variation() > 0) {
            map.put("variation", slice.variation());
        }
        if (!slice.delay().isZero()) {
            map.put("delay", Durations.text(slice.delay()));
        }
        direction(map, slice.direction());
    }

    private static void corrupt(Map<String, Object> map, Corrupt corrupt) {
        if (corrupt.pattern() == null) {
            map.put("percentage", RuleWriter.number(corrupt.share()));
        } else {
            map.put("pattern", corrupt.pattern());
        }
        if (corrupt.offset() > 0) {
            map.put("offset", corrupt.offset());
        }
        direction(map, corrupt.direction());
    }

    private static void dns(Map<String, Object> map, DnsFault dns) {
        String field = dns.action().field();
        switch (dns.action()) {
            case DELAY, TTL -> map.put(field, Durations.text(dns.time()));
            case ADDRESS -> map.put(field, dns.addresses());
            default -> map.put(field, Boolean.TRUE);
        }
    }

    private static void direction(Map<String, Object> map, Direction direction) {
        if (direction != Direction.BOTH) {
            map.put("direction", direction.field());
        }
    }

    private static void side(Map<String, Object> map, Side side) {
        if (side != Side.DOWNSTREAM) {
            map.put("side", side.field());
        }
    }

    private static void overflow(Map<String, Object> map, Overflow then) {
        if (then != Overflow.REFUSE) {
            map.put("then", then.field());
        }
    }

    private static void pace(Map<String, Object> map, Pace pace) {
        map.put("fixed", Durations.text(pace.fixed()));
        if (!pace.jitter().isZero()) {
            map.put("jitter", Durations.text(pace.jitter()));
        }
    }

    private static void moment(Map<String, Object> map, Moment when) {
        if (when.bytes() > 0) {
            map.put("afterBytes", when.bytes());
        } else if (!when.after().isZero()) {
            map.put("after", Durations.text(when.after()));
        }
    }
}
