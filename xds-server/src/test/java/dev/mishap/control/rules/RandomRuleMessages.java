package dev.mishap.control.rules;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.v1.FaultRule;
import dev.mishap.rules.v1.HeaderMatcher;
import dev.mishap.rules.v1.Scope;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import io.envoyproxy.pgv.validate.Validate;
import io.envoyproxy.pgv.validate.Validate.FieldRules;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Makes arbitrary rule messages from the descriptor and its validation rules, so that a field that is added to the message is tried
 * without a change here (unless its text has a form of its own).
 */
final class RandomRuleMessages {
    private static final List<String> NAMES = List.of("a", "canary-503", "PAY-503-2024-Q4", "x.y_z", "404");
    private static final List<String> CIDRS = List.of("10.1.0.0/16", "fd00::/8", "192.0.2.7/32");
    private static final List<String> TIMES = List.of("09:00", "17:30:15", "00:00", "23:59:59.000000001");

    /** Texts of fields whose form the validation rules don't tell enough of. */
    private static final Map<String, List<String>> TEXTS = Map.ofEntries(
            Map.entry("FaultRule.name", NAMES),
            Map.entry("FaultRule.experiment_id", NAMES),
            Map.entry("FaultRule.Corrupt.pattern", List.of("00", "deadbeef")),
            Map.entry("FaultRule.Dns.Addresses.addresses", List.of("10.0.0.1", "::1")),
            Map.entry("Scope.methods", List.of("GET", "POST")),
            Map.entry("Scope.Source.cidrs", CIDRS),
            Map.entry("Scope.Destination.cidrs", CIDRS),
            Map.entry("Scope.Endpoints.cidrs", CIDRS),
            Map.entry("Scope.Endpoints.localities", List.of("eu-west", "us/a")),
            Map.entry("Scope.Question.types", List.of("AAAA", "TYPE65")),
            Map.entry("Scope.Cohort.Key.header", List.of("x-user-id")),
            Map.entry("Scope.Cohort.Key.cookie", List.of("session")),
            Map.entry("HeaderMatcher.name", List.of(":authority", "x-tier")),
            Map.entry("StringMatcher.regex", List.of("^/a[0-9]+(b|c)?$")),
            Map.entry("HeaderMatcher.regex", List.of("a|b")),
            Map.entry("Targets.localities", List.of("eu", "eu/a/b")),
            Map.entry("Schedule.Window.from", TIMES),
            Map.entry("Schedule.Window.to", TIMES),
            Map.entry("Schedule.Window.zone", List.of("Europe/Berlin", "UTC", "+02:00")),
            Map.entry("Tag.response_header", List.of("x-chaos")));

    private final Random random;

    RandomRuleMessages(long seed) {
        random = new Random(seed);
    }

    /** A rule that the language knows. */
    FaultRule rule() {
        FaultRule.Builder rule = FaultRule.newBuilder();
        fill(rule);
        return fit(rule);
    }

    /** Takes out what cannot be said together. */
    private static FaultRule fit(FaultRule.Builder rule) {
        Fault.Plane plane = RuleProtosTest.plane(rule.getFaultCase());
        if (rule.hasScope()) {
            Scope.Builder scope = rule.getScopeBuilder();
            for (HeaderMatcher.Builder header : scope.getHeadersBuilderList()) {
                if (header.hasRange()) {
                    long start = header.getRange().getStart() >> 2;
                    header.getRangeBuilder().setStart(start).setEnd(start + 7);
                }
            }
            if (plane != Fault.Plane.REQUEST) {
                scope.clearRoutes().clearMethods().clearPath().clearHeaders();
                scope.getSourceBuilder().clearNodes();
                scope.getCohortBuilder().clearKey();
                if (!scope.getCohort().hasPercent()) {
                    scope.clearCohort();
                }
            }
            if (plane != Fault.Plane.CONNECTION) {
                scope.clearSni().clearDestination();
            }
            if (isUpstream(rule)) {
                scope.clearListeners()
                        .clearSni()
                        .clearSource()
                        .clearDestination()
                        .clearCohort();
            } else {
                scope.clearEndpoints();
            }
            if (plane != Fault.Plane.DNS) {
                scope.clearQuestion();
            } else if (scope.getQuestion().hasName()) {
                scope.getQuestionBuilder().getNameBuilder().setSuffix(".internal");
            }
        }
        if (plane != Fault.Plane.REQUEST) {
            rule.clearTag();
        }
        if (rule.getSchedule().hasStart() && rule.getSchedule().hasEnd()) {
            rule.getScheduleBuilder()
                    .getEndBuilder()
                    .setSeconds(rule.getSchedule().getStart().getSeconds() + 60);
        }
        if (rule.hasSlice()) {
            rule.getSliceBuilder()
                    .setVariation(
                            rule.getSlice().getVariation() % rule.getSlice().getBytes());
        }
        if (rule.hasLatency()) {
            rule.getLatencyBuilder().setJitter(rule.getLatency().getFixed());
        }
        if (rule.hasConnectDelay()) {
            rule.getConnectDelayBuilder().setJitter(rule.getConnectDelay().getFixed());
        }
        if (rule.getPartition().getMode() == FaultRule.Partition.Mode.REJECT) {
            rule.getPartitionBuilder().clearDirection();
        }
        if (rule.getDns().hasTtl()) {
            rule.getDnsBuilder().getTtlBuilder().clearNanos();
        }
        return rule.build();
    }

    private static boolean isUpstream(FaultRule.Builder rule) {
        return rule.hasPartition()
                || rule.getRefuse().getSide() == FaultRule.Side.UPSTREAM
                || rule.getClose().getSide() == FaultRule.Side.UPSTREAM
                || rule.getConnectionReset().getSide() == FaultRule.Side.UPSTREAM;
    }

    private void fill(Message.Builder message) {
        Descriptor type = message.getDescriptorForType();
        for (OneofDescriptor oneof : type.getRealOneofs()) {
            if (oneof.getOptions().getExtension(Validate.required) || random.nextBoolean()) {
                set(message, oneof.getField(random.nextInt(oneof.getFieldCount())));
            }
        }
        for (FieldDescriptor field : type.getFields()) {
            if (field.getRealContainingOneof() == null && (isRequired(field) || random.nextInt(3) > 0)) {
                set(message, field);
            }
        }
    }

    private static boolean isRequired(FieldDescriptor field) {
        FieldRules rules = field.getOptions().getExtension(Validate.rules);
        return rules.getMessage().getRequired()
                || rules.getDuration().getRequired()
                || rules.getRepeated().getMinItems() > 0
                || rules.hasString() && !rules.getString().getIgnoreEmpty()
                || rules.hasUint32()
                || rules.hasUint64();
    }

    private void set(Message.Builder message, FieldDescriptor field) {
        FieldRules rules = field.getOptions().getExtension(Validate.rules);
        if (field.isMapField()) {
            Descriptor entry = field.getMessageType();
            for (String name : NAMES.subList(0, random.nextInt(3))) {
                message.addRepeatedField(
                        field,
                        message.newBuilderForField(field)
                                .setField(entry.findFieldByNumber(1), name)
                                .setField(entry.findFieldByNumber(2), "é: " + random.nextInt(9))
                                .build());
            }
        } else if (field.isRepeated()) {
            FieldRules items = rules.getRepeated().getItems();
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                message.addRepeatedField(field, value(message, field, items));
            }
        } else {
            message.setField(field, value(message, field, rules));
        }
    }

    private Object value(Message.Builder message, FieldDescriptor field, FieldRules rules) {
        return switch (field.getJavaType()) {
            case BOOLEAN -> !rules.hasBool() && !field.getName().equals("invert") ? random.nextBoolean() : Boolean.TRUE;
            case INT ->
                rules.hasUint32()
                        ? (int) between(rules.getUint32().getGte(), high(rules.getUint32()))
                        : random.nextInt();
            case LONG ->
                rules.hasUint64()
                        ? between(rules.getUint64().getGte(), rules.getUint64().getLte())
                        : random.nextLong();
            case STRING -> text(field);
            case ENUM -> {
                List<EnumValueDescriptor> values = field.getEnumType().getValues();
                yield values.get(random.nextInt(values.size()));
            }
            case MESSAGE -> submessage(message.newBuilderForField(field), rules);
            default -> throw new AssertionError(field);
        };
    }

    private static long high(Validate.UInt32Rules rules) {
        return rules.hasLt() ? rules.getLt() - 1 : rules.getLte();
    }

    private long between(long low, long high) {
        return switch (random.nextInt(3)) {
            case 0 -> low;
            case 1 -> high;
            default -> low + Math.floorMod(random.nextLong(), high - low);
        };
    }

    private String text(FieldDescriptor field) {
        String name = field.getFullName().substring("mishap.rules.v1.".length());
        List<String> texts = TEXTS.getOrDefault(name, List.of("x", "a b: \"é\" 😀", "null", "-1"));
        return texts.get(random.nextInt(texts.size()));
    }

    private Message submessage(Message.Builder builder, FieldRules rules) {
        if (builder instanceof Duration.Builder duration) {
            long most = rules.getDuration().getLte().getSeconds();
            return random.nextInt(4) == 0
                    ? duration.setSeconds(most).build()
                    : duration.setSeconds(Math.floorMod(random.nextLong(), most))
                            .setNanos(1 + random.nextInt(999_999_999))
                            .build();
        }
        if (builder instanceof Timestamp.Builder timestamp) {
            return timestamp
                    .setSeconds(1_700_000_000L + random.nextInt(100_000_000))
                    .setNanos(random.nextInt(1_000_000_000))
                    .build();
        }
        if (builder instanceof FractionalPercent.Builder percent) {
            int denominator = random.nextInt(3);
            return percent.setDenominatorValue(denominator)
                    .setNumerator(random.nextInt((denominator == 0 ? 100 : denominator == 1 ? 10_000 : 1_000_000) + 1))
                    .build();
        }
        if (builder.getDescriptorForType().getFullName().startsWith("google.protobuf.")) {
            FieldDescriptor value = builder.getDescriptorForType().findFieldByNumber(1);
            return builder.setField(
                            value,
                            value.getJavaType() == FieldDescriptor.JavaType.STRING
                                    ? "body é"
                                    : (Object) random.nextLong())
                    .build();
        }
        fill(builder);
        return builder.build();
    }
}
