package dev.mishap.proxy.rules.config;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.rules.RuleAdmission;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Tag;
import dev.mishap.rules.Targets;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.schedule.Ramp;
import dev.mishap.rules.schedule.Schedule;
import dev.mishap.rules.schedule.Window;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads {@code mishap.rules.v1.FaultRule}. What the rule language refuses is told with the path of the field. */
public final class RuleConfig {
    static final String PACKAGE = "mishap.rules.v1.";
    static final String RULE = PACKAGE + "FaultRule";

    /** The messages that are read. */
    public static final List<SupportedFields> FIELDS = fields();

    private RuleConfig() {}

    private static List<SupportedFields> fields() {
        List<SupportedFields> all = new ArrayList<>();
        all.add(SupportedFields.of(RULE)
                .supported(
                        "name",
                        "experiment_id",
                        "priority",
                        "scope",
                        "percentage",
                        "limits",
                        "schedule",
                        "ttl",
                        "seed",
                        "tag",
                        "dry_run",
                        "installation")
                .supported(FaultConfig.NAMES)
                .accepted("labels", "they are for people and for selections by a control plane"));
        all.addAll(FaultConfig.FIELDS);
        all.addAll(ScopeConfig.FIELDS);
        all.add(SupportedFields.of(PACKAGE + "Limits")
                .supported("max_traffic_percent", "max_concurrent", "max_per_second"));
        all.add(SupportedFields.of(PACKAGE + "Schedule").supported("start", "end", "windows", "ramp"));
        all.add(SupportedFields.of(PACKAGE + "Schedule.Ramp").supported("over"));
        all.add(SupportedFields.of(PACKAGE + "Schedule.Window").supported("days", "from", "to", "zone"));
        all.add(SupportedFields.of(PACKAGE + "Tag").supported("response_header", "baggage"));
        return all;
    }

    /**
     * The rules of the repeated field {@code field}, in their order.
     *
     * @param place for people: what the field belongs to
     * @param fits whether a rule can act there
     * @param elsewhere for people: where such a rule can act
     */
    public static List<FaultRule> listFrom(
            ConfigNode node, String field, String place, Predicate<FaultRule> fits, String elsewhere) {
        return listFrom(node, field, place, fits, elsewhere, UnaryOperator.identity());
    }

    /** As above, with each rule {@code adapted} to the place; what that refuses is told of the rule's fault. */
    static List<FaultRule> listFrom(
            ConfigNode node,
            String field,
            String place,
            Predicate<FaultRule> fits,
            String elsewhere,
            UnaryOperator<FaultRule> adapted) {
        List<FaultRule> rules = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (ConfigNode each : node.messages(field)) {
            FaultRule said = from(each);
            FaultRule rule = said;
            if (!names.add(rule.name())) {
                throw each.error("name", "'" + rule.name() + "' is the name of an earlier rule of the list");
            }
            String kind = String.valueOf(each.oneof("fault"));
            if (!fits.test(rule)) {
                throw each.error(
                        kind,
                        "acts on " + rule.fault().kind().plane().words() + ", which " + place
                                + " has nothing to do with; such a rule belongs in " + elsewhere);
            }
            rule = attempt(each, kind, () -> adapted.apply(said));
            String beyond = RuleAdmission.beyond(rule);
            if (beyond != null) {
                throw each.error(kind, beyond);
            }
            rules.add(rule);
        }
        return rules;
    }

    /** The rule that a message says. */
    static FaultRule from(ConfigNode node) {
        Fault fault = FaultConfig.from(node);
        ConfigNode scope = node.message("scope");
        return attempt(
                node,
                "name",
                () -> new FaultRule(
                        node.string("name"),
                        node.stringMap("labels"),
                        node.string("experiment_id").isEmpty() ? null : node.string("experiment_id"),
                        (int) node.integer("priority", 0),
                        ScopeConfig.from(scope, fault),
                        percentage(node, "percentage", Percentage.FULL),
                        fault,
                        limits(node),
                        schedule(node.message("schedule")),
                        node.has("ttl") ? duration(node, "ttl") : null,
                        node.has("seed") ? node.integer("seed", 0) : null,
                        tag(node.message("tag")),
                        Targets.ALL,
                        node.bool("dry_run", false),
                        node.string("installation").isEmpty() ? null : node.string("installation")));
    }

    /** Makes a value; what its class refuses is told with the path of the field. */
    static <T> T attempt(ConfigNode node, String field, Supplier<T> make) {
        try {
            return make.get();
        } catch (IllegalArgumentException e) {
            throw node.error(field, String.valueOf(e.getMessage()));
        }
    }

    /** A FractionalPercent of the rule language, which has none over 100 %. */
    static Percentage percentage(ConfigNode node, String field, Percentage absent) {
        ConfigNode percent = node.message(field);
        if (percent == null) {
            return absent;
        }
        long numerator = percent.integer("numerator", 0);
        String denominator = percent.enumName("denominator");
        long millionths = numerator
                * switch (denominator) {
                    case "HUNDRED" -> 10_000;
                    case "TEN_THOUSAND" -> 100;
                    default -> 1;
                };
        if (millionths > Percentage.SCALE) {
            throw node.error(field, "must be from 0 to 100 %, got " + numerator + " of " + denominator);
        }
        return new Percentage((int) millionths);
    }

    static Duration duration(ConfigNode node, String field) {
        return Duration.ofNanos(node.durationNanos(field, 0));
    }

    private static Limits limits(ConfigNode rule) {
        ConfigNode node = rule.message("limits");
        if (node == null) {
            return Limits.NONE;
        }
        return attempt(
                rule,
                "limits",
                () -> new Limits(
                        node.has("max_traffic_percent")
                                ? percentage(node, "max_traffic_percent", Percentage.FULL)
                                : null,
                        (int) node.integer("max_concurrent", 0),
                        (int) node.integer("max_per_second", 0)));
    }

    private static Schedule schedule(@Nullable ConfigNode node) {
        if (node == null) {
            return Schedule.ALWAYS;
        }
        ConfigNode ramp = node.message("ramp");
        List<Window> windows =
                node.messages("windows").stream().map(RuleConfig::window).toList();
        return attempt(
                node,
                "end",
                () -> new Schedule(
                        instant(node, "start"),
                        instant(node, "end"),
                        windows,
                        ramp == null ? null : new Ramp(duration(ramp, "over"))));
    }

    private static @Nullable Instant instant(ConfigNode node, String field) {
        return node.has(field) ? Instant.EPOCH.plusNanos(node.durationNanos(field, 0)) : null;
    }

    private static Window window(ConfigNode node) {
        List<DayOfWeek> days = node.integers("days").stream()
                .map(day -> DayOfWeek.of((int) (day + 1)))
                .toList();
        String zone = node.string("zone");
        ZoneId where;
        try {
            where = zone.isEmpty() ? ZoneOffset.UTC : ZoneId.of(zone);
        } catch (DateTimeException e) {
            throw node.error("zone", "expected a time zone such as Europe/Berlin, got '" + zone + "'");
        }
        return new Window(days, LocalTime.parse(node.string("from")), LocalTime.parse(node.string("to")), where);
    }

    private static Tag tag(@Nullable ConfigNode node) {
        if (node == null) {
            return Tag.NONE;
        }
        String header = node.string("response_header");
        return attempt(
                node, "response_header", () -> new Tag(header.isEmpty() ? null : header, node.bool("baggage", false)));
    }
}
