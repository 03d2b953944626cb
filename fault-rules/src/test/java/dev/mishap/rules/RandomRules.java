package dev.mishap.rules;

import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Bandwidth;
import dev.mishap.rules.fault.BlackHole;
import dev.mishap.rules.fault.Close;
import dev.mishap.rules.fault.ConnectDelay;
import dev.mishap.rules.fault.ConnectionFault;
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
import dev.mishap.rules.match.Cidr;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import dev.mishap.rules.schedule.Ramp;
import dev.mishap.rules.schedule.Schedule;
import dev.mishap.rules.schedule.Window;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes arbitrary rules, for properties that must hold of all of them. */
public final class RandomRules {
    private static final String TEXT_CHARACTERS = "abc XYZ019 -_./:%'\"\\#{}[],&*!|>@`~=^$?é\t😀";

    private final Random random;

    public RandomRules(long seed) {
        random = new Random(seed);
    }

    public FaultRule rule() {
        return switch (random.nextInt(4)) {
            case 0 -> {
                ConnectionFault fault = connectionFault();
                yield trafficRule(fault, fault.side() == Side.UPSTREAM ? upstreamScope() : connectionScope());
            }
            case 1 -> trafficRule(dnsFault(), questionScope());
            default -> requestRule();
        };
    }

    private FaultRule trafficRule(Fault fault, Scope scope) {
        return new FaultRule(
                name(),
                labels(),
                maybe(this::name),
                0,
                scope,
                percentage(),
                fault,
                new Limits(maybe(this::percentage), random.nextInt(3) * 7, random.nextInt(3) * 50),
                Schedule.ALWAYS,
                maybe(() -> Duration.ofMillis(1 + random.nextInt(10_000_000))),
                maybe(random::nextLong),
                Tag.NONE,
                targets(),
                random.nextInt(4) == 0);
    }

    private Cohort addressCohort() {
        return random.nextBoolean()
                ? Cohort.ALL
                : new Cohort(percentage(), maybe(this::text), CohortKey.SOURCE_ADDRESS);
    }

    private Source addresses() {
        return new Source(some(() -> new Cidr(random.nextBoolean() ? "10.1.0.0/16" : "fd00::/8")), List.of());
    }

    private Scope connectionScope() {
        return new Scope(
                some(this::name),
                some(this::name),
                List.of(),
                List.of(),
                null,
                List.of(),
                addresses(),
                addressCohort(),
                maybe(this::stringMatcher),
                new Destination(some(() -> new Cidr("192.168.1.7/32")), some(() -> 1 + random.nextInt(65535))),
                Question.ANY);
    }

    private Scope upstreamScope() {
        Map<String, String> wanted = new HashMap<>();
        some(this::text).forEach(n -> wanted.put(n, text()));
        return new Scope(
                List.of(),
                some(this::name),
                List.of(),
                List.of(),
                null,
                List.of(),
                Source.ANY,
                Cohort.ALL,
                null,
                Destination.ANY,
                Question.ANY,
                new Endpoints(
                        some(() -> new Cidr("192.168.0.0/16")),
                        some(() -> 1 + random.nextInt(65535)),
                        some(() -> random.nextBoolean() ? "eu-west" : "us,east/a b/c"),
                        wanted));
    }

    private Scope questionScope() {
        return new Scope(
                some(this::name),
                some(this::name),
                List.of(),
                List.of(),
                null,
                List.of(),
                addresses(),
                addressCohort(),
                null,
                Destination.ANY,
                new Question(
                        maybe(() -> new StringMatcher(StringMatcher.Kind.SUFFIX, ".internal")),
                        some(() -> random.nextBoolean() ? "AAAA" : "TYPE" + random.nextInt(65536))));
    }

    private Duration time() {
        return Duration.ofNanos(1 + (long) (random.nextDouble() * 8.6e13));
    }

    private Pace pace() {
        Duration fixed = time();
        return new Pace(fixed, random.nextBoolean() ? Duration.ZERO : fixed.dividedBy(2));
    }

    private <E> E one(E[] all) {
        return all[random.nextInt(all.length)];
    }

    private Moment moment() {
        return switch (random.nextInt(3)) {
            case 0 -> Moment.AT_ONCE;
            case 1 -> Moment.afterBytes(1 + random.nextInt(100_000));
            default -> Moment.after(time());
        };
    }

    private Direction direction() {
        return one(Direction.values());
    }

    private Side side() {
        return one(Side.values());
    }

    /** A fault of connections. */
    public ConnectionFault connectionFault() {
        return switch (random.nextInt(18)) {
            case 0 -> new Refuse(side());
            case 1 -> new BlackHole();
            case 2 -> new Timeout(time());
            case 3 -> new Flap(time(), time());
            case 4 -> new ConnectionLimit(random.nextInt(100), one(Overflow.values()));
            case 5 -> new ExhaustPool(1 + random.nextInt(100), one(Overflow.values()));
            case 6 -> new ConnectDelay(pace());
            case 7 -> new Latency(pace(), direction());
            case 8 -> new Bandwidth(1 + random.nextInt(100_000), direction());
            case 9 -> {
                int bytes = 1 + random.nextInt(1 << 20);
                Duration delay = random.nextBoolean() ? Duration.ZERO : time();
                yield new Slice(bytes, random.nextInt(bytes), delay, direction());
            }
            case 10 -> new LimitData(random.nextInt(100_000), direction());
            case 11 -> new Corrupt(percentage(), random.nextInt(100), null, direction());
            case 12 -> new Corrupt(Percentage.FULL, random.nextInt(100), "00deadbeef", direction());
            case 13 -> new Close(moment(), side());
            case 14 -> new ConnectionReset(moment(), side());
            case 15 -> new HalfOpen(moment());
            case 16 ->
                random.nextBoolean()
                        ? new Partition(Partition.Mode.REFUSE, Direction.BOTH)
                        : new Partition(Partition.Mode.DROP, direction());
            default -> new SlowClose(time());
        };
    }

    /** A fault of DNS. */
    public DnsFault dnsFault() {
        DnsFault.Action action = one(DnsFault.Action.values());
        return switch (action) {
            case DELAY -> DnsFault.delay(time());
            case TTL -> DnsFault.ttl(Duration.ofSeconds(random.nextInt(86_400)));
            case ADDRESS -> DnsFault.address(random.nextBoolean() ? List.of("10.0.0.1") : List.of("::1", "192.0.2.7"));
            default -> DnsFault.of(action);
        };
    }

    private FaultRule requestRule() {
        return new FaultRule(
                name(),
                labels(),
                maybe(this::name),
                random.nextInt(4) == 0 ? random.nextInt() : 0,
                scope(),
                percentage(),
                fault(),
                new Limits(maybe(this::percentage), random.nextInt(3) * 7, random.nextInt(3) * 50),
                random.nextBoolean() ? Schedule.ALWAYS : schedule(),
                maybe(() -> Duration.ofMillis(1 + random.nextInt(10_000_000))),
                maybe(random::nextLong),
                random.nextBoolean() ? Tag.NONE : new Tag(maybe(() -> "x-" + name()), random.nextBoolean()),
                targets(),
                random.nextInt(4) == 0);
    }

    private Targets targets() {
        return random.nextBoolean()
                ? Targets.ALL
                : new Targets(
                        some(this::text),
                        some(this::name),
                        labels(),
                        some(() -> random.nextBoolean() ? "eu" : "eu/a b"));
    }

    private <T> @Nullable T maybe(Supplier<T> make) {
        return random.nextBoolean() ? make.get() : null;
    }

    private <T> List<T> some(Supplier<T> make) {
        List<T> list = new ArrayList<>();
        for (int n = random.nextInt(4) - 1; n > 0; n--) {
            list.add(make.get());
        }
        return list;
    }

    public String name() {
        String[] names = {"a", "canary-503", "PAY-503-2024-Q4", "in", "x.y_z", "404", "on", "when", "null", "1e3"};
        return names[random.nextInt(names.length)] + (random.nextBoolean() ? "" : random.nextInt(100));
    }

    private String text() {
        int[] points = TEXT_CHARACTERS.codePoints().toArray();
        StringBuilder s = new StringBuilder();
        for (int n = 1 + random.nextInt(12); n > 0; n--) {
            s.appendCodePoint(points[random.nextInt(points.length)]);
        }
        return random.nextInt(5) == 0
                ? List.of("yes", "true", "~", "12", "- a", "a: b", "for", "when")
                        .get(random.nextInt(8))
                : s.toString();
    }

    private Map<String, String> labels() {
        Map<String, String> labels = new HashMap<>();
        some(this::name).forEach(n -> labels.put(n, text()));
        return labels;
    }

    public Scope scope() {
        return new Scope(
                some(this::name),
                some(this::name),
                some(this::name),
                some(() -> random.nextBoolean() ? "GET" : "POST"),
                maybe(this::stringMatcher),
                some(this::header),
                random.nextBoolean()
                        ? Source.ANY
                        : new Source(
                                some(() -> new Cidr(random.nextBoolean() ? "10.1.0.0/16" : "fd00::/8")),
                                some(this::name)),
                random.nextBoolean() ? Cohort.ALL : new Cohort(percentage(), maybe(this::text), key()));
    }

    private CohortKey key() {
        return switch (random.nextInt(4)) {
            case 0 -> CohortKey.TRACE_ID;
            case 1 -> CohortKey.SOURCE_ADDRESS;
            case 2 -> CohortKey.header("x-" + name());
            default -> CohortKey.cookie(name());
        };
    }

    private StringMatcher stringMatcher() {
        StringMatcher.Kind kind = StringMatcher.Kind.values()[random.nextInt(5)];
        return new StringMatcher(kind, kind == StringMatcher.Kind.REGEX ? "^/a[0-9]+(b|c)?\\.x \"y\"$" : text());
    }

    private HeaderMatcher header() {
        String name = random.nextInt(6) == 0 ? ":authority" : "x-" + name();
        boolean invert = random.nextBoolean();
        return switch (random.nextInt(4)) {
            case 0 -> new HeaderMatcher(name, null, random.nextBoolean(), null, invert);
            case 1 ->
                new HeaderMatcher(
                        name, null, null, new HeaderMatcher.Range(-random.nextInt(9), 1 + random.nextInt(99)), invert);
            default -> new HeaderMatcher(name, stringMatcher(), null, null, invert);
        };
    }

    public Percentage percentage() {
        return random.nextInt(3) == 0 ? Percentage.FULL : new Percentage(random.nextInt(Percentage.SCALE + 1));
    }

    public Fault fault() {
        return switch (random.nextInt(5)) {
            case 0 -> Abort.http(200 + random.nextInt(400), maybe(this::text));
            case 1 -> Abort.grpc(random.nextInt(17), maybe(this::text));
            case 2 -> new Delay(Duration.ofNanos(1 + (long) (random.nextDouble() * 8.64e13)));
            case 3 -> new ResponseRateLimit(1 + random.nextInt(100_000));
            default -> reset();
        };
    }

    private Reset reset() {
        Reset.Point point = one(Reset.Point.values());
        return new Reset(
                point,
                point == Reset.Point.BODY ? 1 + random.nextInt(100_000) : 0,
                random.nextInt(14),
                random.nextBoolean());
    }

    private Schedule schedule() {
        Instant start = Instant.ofEpochSecond(1_700_000_000L + random.nextInt(100_000_000));
        return new Schedule(
                maybe(() -> start),
                maybe(() -> start.plusSeconds(1 + random.nextInt(100_000))),
                some(() -> new Window(
                        some(() -> DayOfWeek.of(1 + random.nextInt(7))),
                        LocalTime.of(random.nextInt(24), random.nextInt(60)),
                        LocalTime.of(random.nextInt(24), random.nextInt(60)),
                        random.nextBoolean() ? ZoneOffset.UTC : ZoneId.of("Europe/Berlin"))),
                maybe(() -> new Ramp(Duration.ofSeconds(1 + random.nextInt(1000)))));
    }
}
