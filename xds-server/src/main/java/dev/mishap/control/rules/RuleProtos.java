package dev.mishap.control.rules;

import static dev.mishap.control.rules.ProtoValues.at;
import static dev.mishap.control.rules.ProtoValues.duration;
import static dev.mishap.control.rules.ProtoValues.integer;
import static dev.mishap.control.rules.ProtoValues.percent;
import static dev.mishap.control.rules.ProtoValues.timestamp;

import com.google.protobuf.Int64Value;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Tag;
import dev.mishap.rules.Targets;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.schedule.Ramp;
import dev.mishap.rules.schedule.Schedule;
import dev.mishap.rules.schedule.Window;
import dev.mishap.rules.v1.RuleSet;
import java.time.DayOfWeek;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Rules as messages ({@code mishap.rules.v1}), both ways. What {@link #toProto} gives, {@link #fromProto} reads as an equal rule; and
 * {@link #fromProto} holds a message to all that the language asks of a rule, so that it needs no other check.
 */
public final class RuleProtos {
    private RuleProtos() {}

    /** The rules in their order. */
    public static RuleSet toProto(Collection<FaultRule> rules) {
        RuleSet.Builder set = RuleSet.newBuilder();
        rules.forEach(rule -> set.addRules(toProto(rule)));
        return set.build();
    }

    /** The rule; what is as by default is left out. */
    public static dev.mishap.rules.v1.FaultRule toProto(FaultRule rule) {
        dev.mishap.rules.v1.FaultRule.Builder message = dev.mishap.rules.v1.FaultRule.newBuilder()
                .setName(rule.name())
                .putAllLabels(rule.labels())
                .setPriority(rule.priority())
                .setDryRun(rule.dryRun());
        if (rule.experimentId() != null) {
            message.setExperimentId(rule.experimentId());
        }
        dev.mishap.rules.v1.Scope scope = ScopeProtos.toProto(rule.scope());
        if (!scope.equals(dev.mishap.rules.v1.Scope.getDefaultInstance())) {
            message.setScope(scope);
        }
        if (!rule.percentage().isFull()) {
            message.setPercentage(percent(rule.percentage()));
        }
        FaultProtos.toProto(rule.fault(), message);
        if (!rule.limits().equals(Limits.NONE)) {
            message.setLimits(limits(rule.limits()));
        }
        if (!rule.schedule().equals(Schedule.ALWAYS)) {
            message.setSchedule(schedule(rule.schedule()));
        }
        if (rule.ttl() != null) {
            message.setTtl(duration(rule.ttl()));
        }
        if (rule.seed() != null) {
            message.setSeed(Int64Value.of(rule.seed()));
        }
        if (!rule.tag().equals(Tag.NONE)) {
            message.setTag(tag(rule.tag()));
        }
        if (!rule.targets().equals(Targets.ALL)) {
            message.setTargets(targets(rule.targets()));
        }
        if (rule.installation() != null) {
            message.setInstallation(rule.installation());
        }
        return message.build();
    }

    /**
     * The rules of a set.
     *
     * @throws InvalidRuleException naming the field, from the set on: {@code rules[2].delay.fixed}
     */
    public static List<FaultRule> fromProto(RuleSet set) {
        List<FaultRule> rules = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < set.getRulesCount(); i++) {
            String at = "rules[" + i + "]";
            try {
                FaultRule rule = fromProto(set.getRules(i));
                if (!names.add(rule.name())) {
                    throw new InvalidRuleException("name", "'" + rule.name() + "' is the name of an earlier rule");
                }
                rules.add(rule);
            } catch (InvalidRuleException e) {
                throw new InvalidRuleException(e.field().isEmpty() ? at : at + "." + e.field(), e.problem());
            }
        }
        return rules;
    }

    /**
     * The rule that a message says.
     *
     * @throws InvalidRuleException naming the field, from the rule on
     */
    public static FaultRule fromProto(dev.mishap.rules.v1.FaultRule message) {
        Fault fault = FaultProtos.fromProto(message);
        return at(
                "",
                () -> new FaultRule(
                        message.getName(),
                        message.getLabelsMap(),
                        message.getExperimentId().isEmpty() ? null : message.getExperimentId(),
                        message.getPriority(),
                        at("scope", () -> ScopeProtos.fromProto(message.getScope(), fault)),
                        message.hasPercentage() ? percent("percentage", message.getPercentage()) : Percentage.FULL,
                        fault,
                        at("limits", () -> limits(message.getLimits())),
                        at("schedule", () -> schedule(message.getSchedule())),
                        message.hasTtl() ? duration("ttl", message.getTtl()) : null,
                        message.hasSeed() ? message.getSeed().getValue() : null,
                        at("tag", () -> tag(message.getTag())),
                        at("targets", () -> targets(message.getTargets())),
                        message.getDryRun(),
                        message.getInstallation().isEmpty() ? null : message.getInstallation()));
    }

    private static dev.mishap.rules.v1.Limits limits(Limits limits) {
        dev.mishap.rules.v1.Limits.Builder message = dev.mishap.rules.v1.Limits.newBuilder()
                .setMaxConcurrent(limits.maxConcurrent())
                .setMaxPerSecond(limits.maxPerSecond());
        if (limits.maxTrafficPercent() != null) {
            message.setMaxTrafficPercent(percent(limits.maxTrafficPercent()));
        }
        return message.build();
    }

    private static Limits limits(dev.mishap.rules.v1.Limits message) {
        return new Limits(
                message.hasMaxTrafficPercent()
                        ? percent("limits.max_traffic_percent", message.getMaxTrafficPercent())
                        : null,
                integer("limits.max_concurrent", message.getMaxConcurrent()),
                integer("limits.max_per_second", message.getMaxPerSecond()));
    }

    private static dev.mishap.rules.v1.Schedule schedule(Schedule schedule) {
        dev.mishap.rules.v1.Schedule.Builder message = dev.mishap.rules.v1.Schedule.newBuilder();
        if (schedule.start() != null) {
            message.setStart(timestamp(schedule.start()));
        }
        if (schedule.end() != null) {
            message.setEnd(timestamp(schedule.end()));
        }
        for (Window window : schedule.windows()) {
            message.addWindows(window(window));
        }
        if (schedule.ramp() != null) {
            message.setRamp(dev.mishap.rules.v1.Schedule.Ramp.newBuilder()
                    .setOver(duration(schedule.ramp().over())));
        }
        return message.build();
    }

    private static Schedule schedule(dev.mishap.rules.v1.Schedule message) {
        return new Schedule(
                message.hasStart() ? timestamp("schedule.start", message.getStart()) : null,
                message.hasEnd() ? timestamp("schedule.end", message.getEnd()) : null,
                IntStream.range(0, message.getWindowsCount())
                        .mapToObj(i -> window("schedule.windows[" + i + "]", message.getWindows(i)))
                        .toList(),
                message.hasRamp()
                        ? at(
                                "schedule.ramp",
                                () -> new Ramp(duration(
                                        "schedule.ramp.over", message.getRamp().getOver())))
                        : null);
    }

    private static dev.mishap.rules.v1.Schedule.Window window(Window window) {
        dev.mishap.rules.v1.Schedule.Window.Builder message = dev.mishap.rules.v1.Schedule.Window.newBuilder()
                .setFrom(window.from().toString())
                .setTo(window.to().toString());
        for (DayOfWeek day : window.days()) {
            message.addDaysValue(day.getValue() - 1);
        }
        if (!window.zone().equals(ZoneOffset.UTC)) {
            message.setZone(window.zone().getId());
        }
        return message.build();
    }

    private static Window window(String field, dev.mishap.rules.v1.Schedule.Window message) {
        List<DayOfWeek> days = message.getDaysValueList().stream()
                .map(day -> {
                    if (day < 0 || day > 6) {
                        throw new InvalidRuleException(field + ".days", "value must be one of the defined enum values");
                    }
                    return DayOfWeek.of(day + 1);
                })
                .toList();
        return new Window(
                days,
                time(field + ".from", message.getFrom()),
                time(field + ".to", message.getTo()),
                message.getZone().isEmpty() ? ZoneOffset.UTC : at(field + ".zone", () -> ZoneId.of(message.getZone())));
    }

    private static LocalTime time(String field, String text) {
        return at(field, () -> {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("expected a time of day such as 09:00, got ''");
            }
            return LocalTime.parse(text);
        });
    }

    private static dev.mishap.rules.v1.Tag tag(Tag tag) {
        dev.mishap.rules.v1.Tag.Builder message =
                dev.mishap.rules.v1.Tag.newBuilder().setBaggage(tag.baggage());
        if (tag.responseHeader() != null) {
            message.setResponseHeader(tag.responseHeader());
        }
        return message.build();
    }

    private static Tag tag(dev.mishap.rules.v1.Tag message) {
        return new Tag(
                message.getResponseHeader().isEmpty() ? null : message.getResponseHeader(), message.getBaggage());
    }

    private static dev.mishap.rules.v1.Targets targets(Targets targets) {
        return dev.mishap.rules.v1.Targets.newBuilder()
                .addAllServices(targets.services())
                .addAllNodes(targets.nodes())
                .putAllLabels(targets.labels())
                .addAllLocalities(targets.localities())
                .build();
    }

    private static Targets targets(dev.mishap.rules.v1.Targets message) {
        return new Targets(
                message.getServicesList(), message.getNodesList(), message.getLabelsMap(), message.getLocalitiesList());
    }
}
