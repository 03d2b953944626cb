package dev.mishap.control.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import dev.mishap.rules.Cohort;
import dev.mishap.rules.Destination;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Limits;
import dev.mishap.rules.Question;
import dev.mishap.rules.Scope;
import dev.mishap.rules.Source;
import dev.mishap.rules.Tag;
import dev.mishap.rules.Targets;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.schedule.Schedule;
import dev.mishap.rules.text.RuleLine;
import dev.mishap.rules.v1.FaultRule.FaultCase;
import dev.mishap.rules.v1.RuleSet;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuleProtosTest {
    /** What a fault of a message acts on, by the rule language. */
    static Fault.Plane plane(FaultCase fault) {
        for (Fault.Kind kind : Fault.Kind.values()) {
            if (kind.name().equals(fault.name())) {
                return kind.plane();
            }
        }
        throw new AssertionError(fault + " is no fault of the rule language");
    }

    @Test
    void everyFaultOfTheLanguageIsOneOfTheMessageAndNoOther() {
        Set<String> message = new TreeSet<>();
        for (FaultCase fault : FaultCase.values()) {
            if (fault != FaultCase.FAULT_NOT_SET) {
                message.add(fault.name());
            }
        }
        Set<String> language = new TreeSet<>();
        for (Fault.Kind kind : Fault.Kind.values()) {
            language.add(kind.name());
        }
        assertThat(message).isEqualTo(language);
    }

    /** A component that a message lacks would be lost on its way; one that is called otherwise there is listed. */
    @Test
    void everyComponentOfARuleIsAFieldOfItsMessage() {
        Map<Class<?>, Descriptor> records = Map.of(
                FaultRule.class, dev.mishap.rules.v1.FaultRule.getDescriptor(),
                Scope.class, dev.mishap.rules.v1.Scope.getDescriptor(),
                Source.class, dev.mishap.rules.v1.Scope.Source.getDescriptor(),
                Destination.class, dev.mishap.rules.v1.Scope.Destination.getDescriptor(),
                Question.class, dev.mishap.rules.v1.Scope.Question.getDescriptor(),
                Cohort.class, dev.mishap.rules.v1.Scope.Cohort.getDescriptor(),
                Limits.class, dev.mishap.rules.v1.Limits.getDescriptor(),
                Schedule.class, dev.mishap.rules.v1.Schedule.getDescriptor(),
                Tag.class, dev.mishap.rules.v1.Tag.getDescriptor(),
                Targets.class, dev.mishap.rules.v1.Targets.getDescriptor());
        records.forEach((record, message) -> {
            Set<String> fields = new TreeSet<>();
            message.getFields().stream()
                    .filter(f -> f.getRealContainingOneof() == null)
                    .forEach(f -> fields.add(f.getName()));
            message.getRealOneofs().forEach(o -> fields.add(o.getName()));
            Set<String> components = new TreeSet<>();
            for (RecordComponent component : record.getRecordComponents()) {
                components.add(component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT));
            }
            assertThat(fields).as(message.getFullName()).isEqualTo(components);
        });
    }

    @Test
    void arbitraryMessagesSurviveTheLanguageWithEveryField() {
        RandomRuleMessages messages = new RandomRuleMessages(5);
        Set<String> seen = new TreeSet<>();
        for (int i = 0; i < 5_000; i++) {
            dev.mishap.rules.v1.FaultRule message = messages.rule();
            FaultRule rule = RuleProtos.fromProto(message);
            dev.mishap.rules.v1.FaultRule again = RuleProtos.toProto(rule);
            assertThat(RuleProtos.fromProto(again))
                    .as(() -> TextFormat.printer().printToString(message))
                    .isEqualTo(rule);
            assertThat(RuleProtos.toProto(RuleProtos.fromProto(again))).isEqualTo(again);
            collect(again, seen);
        }
        Set<String> all = new TreeSet<>();
        fields(dev.mishap.rules.v1.FaultRule.getDescriptor(), all);
        assertThat(seen).as("fields that went through a rule").isEqualTo(all);
    }

    private static void fields(Descriptor type, Set<String> into) {
        for (FieldDescriptor field : type.getFields()) {
            if (into.add(field.getFullName()) && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                fields(field.getMessageType(), into);
            }
        }
    }

    private static void collect(Message message, Set<String> into) {
        message.getAllFields().forEach((field, value) -> {
            into.add(field.getFullName());
            for (Object each : value instanceof List<?> list ? list : List.of(value)) {
                if (each instanceof Message m) {
                    collect(m, into);
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "abort 503 40% when header x-user-tier = canary for 2m",
                "abort grpc UNAVAILABLE max 5% max 10 concurrent seed 42 as flaky",
                "delay 100ms 10% when path ^= /pay and method = GET",
                "rate-limit 64KiB/s cohort 5% by header x-user-id",
                "reset 10% on listener in from 10.0.0.0/8 experiment PAY-1 priority -3 tag baggage",
                "delay 1s when header x in [1,5) and not header y present and header z absent ramp 30s",
                "latency 100ms jitter 20ms downstream when port = 5432",
                "reset-connection after 1000 bytes 5% when sni $= .internal cohort 5% by source",
                "dns delay 3s when name = db.internal and type = A,AAAA",
                "dns address 10.0.0.1,::1",
                "reset after headers code CANCEL",
                "reset after 100 bytes code NO_ERROR goaway",
                "partition refuse when endpoint address = 10.0.0.0/8 and endpoint port = 5432",
                "partition upstream when endpoint locality = eu/a and endpoint label tier = gold",
                "corrupt pattern deadbeef at 16 upstream",
                "slice 10 bytes vary 5 every 1ms"
            })
    void rulesOfOneLineSurviveTheMessage(String line) {
        FaultRule rule = RuleLine.parse(line, "some");
        assertThat(RuleProtos.fromProto(RuleProtos.toProto(rule))).isEqualTo(rule);
    }

    @Test
    void whatIsByDefaultIsLeftOut() throws Exception {
        FaultRule rule = RuleLine.parse("delay 100ms", "slow");
        assertThat(RuleProtos.toProto(rule))
                .isEqualTo(TextFormat.parse(
                        "name: 'slow' delay { fixed { nanos: 100000000 } }", dev.mishap.rules.v1.FaultRule.class));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "name: 'a'                                                     | fault: is required: one of abort, delay, reset, latency …",
                "name: 'a' abort {}                                            | abort.status: is required: http_status or grpc_status",
                "name: 'a' abort { http_status: 99 }                           | abort: httpStatus must be from 200 to 599, got 99",
                "name: 'a' abort { grpc_status: 17 }                           | abort: grpcStatus must be from 0 to 16, got 17",
                "name: 'a' delay {}                                            | delay: fixed must be more than 0s and at most 24h",
                "name: 'a' delay { fixed { seconds: 1 nanos: -1 } }            | delay.fixed: is no valid duration",
                "name: 'a' close { after_bytes: 0 }                            | close.after_bytes: must be 1 or more, got 0",
                "name: 'a' dns { drop: false }                                 | dns.drop: value must equal true",
                "name: 'a' reset {} percentage { numerator: 101 }              | percentage: must be from 0 to 100 %, got 101 of HUNDRED",
                "name: 'a' reset {} scope { cohort {} }                        | scope.cohort.percent: is required: the share of callers",
                "name: 'a' reset {} scope { source { cidrs: '10.0.0.0/99' } }  | scope.source.cidrs[0]: expected an address range such as 10.0.0.0/8 or fd00::/8, got '10.0.0.0/99'",
                "name: 'a' reset {} scope { sni { exact: 'b' } }               | scope.sni cannot be told of an HTTP request, which reset acts on",
                "name: 'a' reset {} scope { headers { name: 'x' } }            | scope.headers[0]: is required: one of exact, prefix, suffix, contains, regex, present, range",
                "name: 'a' reset {} scope { path { regex: '(' } }              | scope.path: regex is not RE2 syntax: error parsing regexp: missing closing ): `(`",
                "name: 'a' reset {} limits { max_per_second: 4000000000 }      | limits.max_per_second: must be at most 2147483647, got 4000000000",
                "name: 'a' reset {} schedule { windows { from: '25:00' } }     | schedule.windows[0].from: Text '25:00' could not be parsed: Invalid value for HourOfDay (valid values 0 - 23): 25",
                "name: 'a' reset {} ttl {}                                     | ttl must be more than 0s and at most 30 days",
                "name: '-' reset {}                                            | name must be 1 to 253 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit, got '-'"
            })
    void aMessageThatSaysNoRuleIsRefusedByItsField(String text, String problem) throws Exception {
        dev.mishap.rules.v1.FaultRule message = TextFormat.parse(text, dev.mishap.rules.v1.FaultRule.class);
        assertThatThrownBy(() -> RuleProtos.fromProto(message))
                .isInstanceOf(InvalidRuleException.class)
                .hasMessage(problem);
    }

    @Test
    void anEnumsValueOfALaterVersionIsRefused() {
        dev.mishap.rules.v1.FaultRule.Builder message =
                dev.mishap.rules.v1.FaultRule.newBuilder().setName("a");
        message.getRefuseBuilder().setSideValue(7);
        assertThatThrownBy(() -> RuleProtos.fromProto(message.build()))
                .hasMessage("refuse.side: value must be one of the defined enum values");
    }

    @Test
    void aSetNamesTheRuleThatIsWrong() throws Exception {
        RuleSet twice = TextFormat.parse("rules { name: 'a' reset {} } rules { name: 'a' reset {} }", RuleSet.class);
        assertThatThrownBy(() -> RuleProtos.fromProto(twice))
                .hasMessage("rules[1].name: 'a' is the name of an earlier rule");
        RuleSet wrong = TextFormat.parse("rules { name: 'a' reset {} } rules { name: 'b' delay {} }", RuleSet.class);
        assertThatThrownBy(() -> RuleProtos.fromProto(wrong))
                .hasMessage("rules[1].delay: fixed must be more than 0s and at most 24h");
    }
}
