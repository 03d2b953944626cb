package dev.mishap.rules.text;

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
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The faults of connections and of DNS on one line: reads and prints them. */
final class TrafficWords {
    private static final int MAX_BYTES_DIGITS = 18;

    private final LineScanner in;

    TrafficWords(LineScanner in) {
        this.in = in;
    }

    /** The words that a fault begins with, for errors. */
    static final String STARTS = "'refuse', 'black-hole', 'timeout', 'flap', 'connection-limit', 'exhaust-pool',"
            + " 'connect-delay', 'latency', 'bandwidth', 'slice', 'limit-data', 'corrupt', 'close', 'reset-connection',"
            + " 'half-open', 'slow-close', 'partition' or 'dns'";

    /** Takes a fault; null when none of these begins here. */
    @Nullable
    Fault fault() {
        String word = in.peekWord();
        if (!List.of(
                        "refuse",
                        "black-hole",
                        "timeout",
                        "flap",
                        "connection-limit",
                        "exhaust-pool",
                        "connect-delay",
                        "latency",
                        "bandwidth",
                        "slice",
                        "limit-data",
                        "corrupt",
                        "close",
                        "reset-connection",
                        "half-open",
                        "slow-close",
                        "partition",
                        "dns")
                .contains(word)) {
            return null;
        }
        in.take(word);
        try {
            return switch (word) {
                case "refuse" -> new Refuse(side());
                case "black-hole" -> new BlackHole();
                case "timeout" -> new Timeout(duration());
                case "flap" -> flap();
                case "connection-limit" -> new ConnectionLimit(count("a number of connections"), overflow());
                case "exhaust-pool" -> new ExhaustPool(count("a number of connections"), overflow());
                case "connect-delay" -> new ConnectDelay(pace());
                case "latency" -> new Latency(pace(), way());
                case "bandwidth" -> new Bandwidth(LineParser.kibPerSecond(in.value("a rate such as 64KiB/s")), way());
                case "slice" -> slice();
                case "limit-data" -> new LimitData(bytes(), way());
                case "corrupt" -> corrupt();
                case "close" -> new Close(moment(), side());
                case "reset-connection" -> new ConnectionReset(moment(), side());
                case "half-open" -> new HalfOpen(moment());
                case "slow-close" -> new SlowClose(duration());
                case "partition" -> new Partition(mode(), way());
                default -> dns();
            };
        } catch (RuleSyntaxException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw in.error(String.valueOf(e.getMessage()));
        }
    }

    private Flap flap() {
        in.expect("up");
        Duration up = duration();
        in.expect("down");
        return new Flap(up, duration());
    }

    private Slice slice() {
        long size = bytes();
        long variation = in.take("vary") ? number("a number of bytes") : 0;
        Duration delay = in.take("every") ? duration() : Duration.ZERO;
        return new Slice(small(size), small(variation), delay, way());
    }

    private Corrupt corrupt() {
        String pattern = null;
        Percentage share = Percentage.FULL;
        if (in.take("pattern")) {
            pattern = in.value("hexadecimal digits");
        } else {
            String text = in.value("a share of the bytes such as 1%, or 'pattern'");
            if (!text.endsWith("%")) {
                throw new IllegalArgumentException(
                        "expected a share of the bytes such as 1%, or 'pattern', found '" + text + "'");
            }
            share = Percentage.parse(text);
        }
        long offset = in.take("at") ? number("a number of bytes") : 0;
        return new Corrupt(share, offset, pattern, way());
    }

    private DnsFault dns() {
        for (DnsFault.Action action : DnsFault.Action.values()) {
            if (in.take(action.field())) {
                return switch (action) {
                    case DELAY -> DnsFault.delay(duration());
                    case TTL -> DnsFault.ttl(duration());
                    case ADDRESS -> DnsFault.address(in.list("an IP address"));
                    default -> DnsFault.of(action);
                };
            }
        }
        throw in.expected(
                "'delay', 'drop', 'servfail', 'nxdomain', 'refused', 'empty', 'ttl', 'address' or 'truncate'");
    }

    private Duration duration() {
        return Durations.parse(in.value("a duration such as 100ms"));
    }

    private Pace pace() {
        Duration fixed = duration();
        return new Pace(fixed, in.take("jitter") ? duration() : Duration.ZERO);
    }

    private Moment moment() {
        if (!in.take("after")) {
            return Moment.AT_ONCE;
        }
        if (in.peekValue().chars().allMatch(c -> c >= '0' && c <= '9')) {
            long n = bytes();
            if (n == 0) {
                throw new IllegalArgumentException("afterBytes must be 1 or more, got 0");
            }
            return Moment.afterBytes(n);
        }
        Duration age = duration();
        if (age.isZero()) {
            throw new IllegalArgumentException("after must be more than 0s and at most 24h");
        }
        return Moment.after(age);
    }

    private long bytes() {
        long n = number("a number of bytes");
        in.expect("bytes");
        return n;
    }

    private int count(String what) {
        return small(number(what));
    }

    private static int small(long n) {
        if (n > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("must be at most " + Integer.MAX_VALUE + ", got " + n);
        }
        return (int) n;
    }

    private long number(String what) {
        String text = in.value(what);
        if (text.isEmpty() || text.length() > MAX_BYTES_DIGITS || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new IllegalArgumentException("expected " + what + ", found '" + text + "'");
        }
        return Long.parseLong(text);
    }

    private Direction way() {
        return in.take("upstream")
                ? Direction.TO_UPSTREAM
                : in.take("downstream") ? Direction.TO_DOWNSTREAM : Direction.BOTH;
    }

    private Side side() {
        return in.take("upstream") ? Side.UPSTREAM : Side.DOWNSTREAM;
    }

    private Partition.Mode mode() {
        if (in.take("refuse")) {
            return Partition.Mode.REFUSE;
        }
        in.take("drop");
        return Partition.Mode.DROP;
    }

    private Overflow overflow() {
        for (Overflow each : Overflow.values()) {
            if (in.take(each.field())) {
                return each;
            }
        }
        return Overflow.REFUSE;
    }

    static String print(Fault fault) {
        return switch (fault.kind()) {
            case REFUSE -> "refuse" + side(((Refuse) fault).side());
            case BLACK_HOLE -> "black-hole";
            case TIMEOUT -> "timeout " + Durations.text(((Timeout) fault).after());
            case FLAP ->
                "flap up " + Durations.text(((Flap) fault).up()) + " down " + Durations.text(((Flap) fault).down());
            case CONNECTION_LIMIT ->
                "connection-limit " + ((ConnectionLimit) fault).max() + overflow(((ConnectionLimit) fault).then());
            case EXHAUST_POOL ->
                "exhaust-pool " + ((ExhaustPool) fault).hold() + overflow(((ExhaustPool) fault).then());
            case CONNECT_DELAY -> "connect-delay " + pace(((ConnectDelay) fault).pace());
            case LATENCY -> "latency " + pace(((Latency) fault).pace()) + way(((Latency) fault).direction());
            case BANDWIDTH ->
                "bandwidth " + ((Bandwidth) fault).kbps() + "KiB/s" + way(((Bandwidth) fault).direction());
            case SLICE -> {
                Slice slice = (Slice) fault;
                yield "slice " + slice.bytes() + " bytes" + (slice.variation() == 0 ? "" : " vary " + slice.variation())
                        + (slice.delay().isZero() ? "" : " every " + Durations.text(slice.delay()))
                        + way(slice.direction());
            }
            case LIMIT_DATA ->
                "limit-data " + ((LimitData) fault).bytes() + " bytes" + way(((LimitData) fault).direction());
            case CORRUPT -> {
                Corrupt corrupt = (Corrupt) fault;
                yield "corrupt " + (corrupt.pattern() == null ? corrupt.share() : "pattern " + corrupt.pattern())
                        + (corrupt.offset() == 0 ? "" : " at " + corrupt.offset()) + way(corrupt.direction());
            }
            case CLOSE -> "close" + moment(((Close) fault).when()) + side(((Close) fault).side());
            case CONNECTION_RESET ->
                "reset-connection" + moment(((ConnectionReset) fault).when()) + side(((ConnectionReset) fault).side());
            case HALF_OPEN -> "half-open" + moment(((HalfOpen) fault).when());
            case SLOW_CLOSE -> "slow-close " + Durations.text(((SlowClose) fault).delay());
            case PARTITION ->
                "partition" + (((Partition) fault).mode() == Partition.Mode.DROP ? "" : " refuse")
                        + way(((Partition) fault).direction());
            case DNS -> dns((DnsFault) fault);
            case ABORT, RESET, DELAY, RESPONSE_RATE_LIMIT -> throw new AssertionError(fault);
        };
    }

    private static String dns(DnsFault dns) {
        String word = "dns " + dns.action().field();
        return switch (dns.action()) {
            case DELAY, TTL -> word + ' ' + Durations.text(dns.time());
            case ADDRESS -> word + ' ' + String.join(",", dns.addresses());
            default -> word;
        };
    }

    private static String pace(Pace pace) {
        return Durations.text(pace.fixed())
                + (pace.jitter().isZero() ? "" : " jitter " + Durations.text(pace.jitter()));
    }

    private static String moment(Moment when) {
        return when.isAtOnce()
                ? ""
                : " after " + (when.bytes() > 0 ? when.bytes() + " bytes" : Durations.text(when.after()));
    }

    private static String side(Side side) {
        return side == Side.UPSTREAM ? " upstream" : "";
    }

    private static String way(Direction direction) {
        return switch (direction) {
            case BOTH -> "";
            case TO_UPSTREAM -> " upstream";
            case TO_DOWNSTREAM -> " downstream";
        };
    }

    private static String overflow(Overflow then) {
        return then == Overflow.REFUSE ? "" : ' ' + then.field();
    }
}
