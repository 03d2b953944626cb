package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.rules.RulePlaces;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.rules.config.ClusterFaultConfig;
import dev.mishap.proxy.rules.config.RuleConfig;
import dev.mishap.proxy.server.SupportTable;
import dev.mishap.rules.FaultRule;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Ticker;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Arbitrary configurations of our extensions, as bytes and as damaged text: each is put in place or refused by a ConfigException. The seed
 * is in the failure.
 */
class ExtensionFuzzTest {
    private static final List<String> EXTENSIONS = List.of(
            "mishap.filters.http.fault.v1.HttpFault",
            "mishap.filters.network.fault.v1.NetworkFault",
            "mishap.filters.udp.dns.v1.DnsProxy",
            "mishap.clusters.fault.v1.ClusterFault");

    private static final String[] TEXTS = {
        "",
        "a",
        "a-b.c",
        "-",
        "x\0y",
        "é😀",
        "10.0.0.0/8",
        "::/0",
        "1.2.3.4/33",
        "10.0.0.1",
        "::1",
        "999.1.1.1",
        "GET",
        ":authority",
        "x-user",
        "(",
        "a{1000}{1000}",
        "^a+$",
        "[[:alpha:]]",
        "A",
        "AAAA",
        "TYPE65536",
        "TYPE99999",
        "09:00",
        "24:00",
        "23:59:59.999999999",
        "Europe/Berlin",
        "Mars",
        "+25:00",
        "deadbeef",
        "abc",
        "eu/a/b/c",
        "eu",
        "\n",
        "x".repeat(300)
    };

    private static final long[] NUMBERS = {
        0, 1, 2, 5, 99, 100, 101, 200, 503, 600, 65535, 65536, 1_000_000, -1, 1L << 31, 1L << 62
    };

    private final EmbeddedChannel clock = new EmbeddedChannel();
    private final RulePlaces places =
            new RuleStore(Ticker.systemTicker(), clock.eventLoop(), new StatsStore(), () -> 7).places();

    @AfterEach
    void close() {
        clock.close();
    }

    /** What an extension makes of its configuration, up to where its rules are in place. */
    private int accept(ConfigNode node) {
        ConfigCheck.constraints(node);
        ConfigCheck.support(node, SupportTable.all());
        List<FaultRule> rules = RuleConfig.listFrom(node, "rules", "a test", rule -> true, "nowhere");
        places.replace("test", rules);
        places.share("test", rules);
        return rules.size();
    }

    private int attempt(String what, java.util.function.Supplier<ConfigNode> config) {
        try {
            return accept(config.get());
        } catch (ConfigException refused) {
            assertThat(refused.getMessage()).isNotBlank();
            return -1;
        } catch (RuntimeException | Error e) {
            return fail(what, e);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void messages(long seed) throws Exception {
        Random random = new Random(seed);
        Descriptor type = descriptor(EXTENSIONS.get((int) seed - 1));
        int inPlace = 0;
        for (int i = 0; i < 1_500; i++) {
            byte[] bytes = message(random, type, 0).toByteArray();
            String what = "seed " + seed + ", round " + i;
            inPlace += Math.max(0, attempt(what, () -> ConfigReader.strict().binary(type.getFullName(), bytes, "")));
        }
        // Most are refused, but not all: else nothing would be tried behind the checks.
        assertThat(inPlace).isPositive();
    }

    private static Descriptor descriptor(String message) throws Exception {
        for (String outer : OwnMessages.outerClasses()) {
            FileDescriptor file = (FileDescriptor) Class.forName(outer, true, OwnMessages.loader())
                    .getMethod("getDescriptor")
                    .invoke(null);
            for (Descriptor each : file.getMessageTypes()) {
                if (each.getFullName().equals(message)) {
                    return each;
                }
            }
        }
        throw new AssertionError(message);
    }

    private static Message message(Random random, Descriptor type, int depth) {
        DynamicMessage.Builder message = DynamicMessage.newBuilder(type);
        type.getRealOneofs().forEach(oneof -> {
            if (random.nextInt(12) > 0) {
                put(random, message, oneof.getField(random.nextInt(oneof.getFieldCount())), depth);
            }
        });
        for (FieldDescriptor field : type.getFields()) {
            boolean often = field.getName().equals("name")
                    || field.getName().equals("fixed")
                    || field.getName().equals("rules");
            if (field.getRealContainingOneof() == null && (often || random.nextInt(6) == 0)) {
                put(random, message, field, depth);
            }
        }
        return message.build();
    }

    private static void put(Random random, DynamicMessage.Builder message, FieldDescriptor field, int depth) {
        if (!field.isRepeated()) {
            message.setField(field, value(random, field, depth));
            return;
        }
        for (int n = random.nextInt(3); n >= 0; n--) {
            message.addRepeatedField(field, value(random, field, depth));
        }
    }

    private static Object value(Random random, FieldDescriptor field, int depth) {
        long number = random.nextInt(4) == 0 ? random.nextLong() : NUMBERS[random.nextInt(NUMBERS.length)];
        return switch (field.getJavaType()) {
            case INT -> (int) number;
            case LONG -> number;
            case BOOLEAN -> random.nextInt(4) > 0;
            case DOUBLE -> Double.longBitsToDouble(number);
            case FLOAT -> Float.intBitsToFloat((int) number);
            case STRING ->
                field.getName().equals("name") ? "n" + random.nextInt(99) : TEXTS[random.nextInt(TEXTS.length)];
            case BYTE_STRING -> ByteString.copyFromUtf8(TEXTS[random.nextInt(TEXTS.length)]);
            case ENUM -> {
                int values = field.getEnumType().getValues().size();
                yield field.getEnumType().findValueByNumberCreatingIfUnknown(random.nextInt(values + 1));
            }
            case MESSAGE ->
                depth > 12
                        ? DynamicMessage.getDefaultInstance(field.getMessageType())
                        : message(random, field.getMessageType(), depth + 1);
        };
    }

    private static final String YAML = """
            rules:
            - {name: a, experiment_id: E1, priority: -3, labels: {team: pay}, abort: {http_status: 503, body: gone}, seed: 42,
               percentage: {numerator: 25, denominator: TEN_THOUSAND}, ttl: 120s, tag: {response_header: x-chaos, baggage: true},
               scope: {listeners: [in], methods: [GET], path: {regex: '^/a+$'}, headers: [{name: x, range: {start: 1, end: 5}}],
                       source: {cidrs: [10.0.0.0/8]}, cohort: {percent: {numerator: 5}, seed: s, key: {header: x-user}}},
               limits: {max_traffic_percent: {numerator: 5}, max_concurrent: 10, max_per_second: 50},
               schedule: {start: 2026-01-01T00:00:00Z, end: 2026-02-01T00:00:00Z, ramp: {over: 30s},
                          windows: [{days: [MONDAY], from: '09:00', to: '17:00', zone: Europe/Berlin}]}}
            - {name: b, latency: {fixed: 0.1s, jitter: 0.02s, direction: TO_UPSTREAM}, scope: {sni: {suffix: .internal}, destination: {ports: [5432]}}}
            - {name: c, corrupt: {pattern: deadbeef, offset: 16}}
            - {name: d, dns: {address: {addresses: [10.0.0.1, '::1']}}, scope: {question: {name: {exact: db.internal}, types: [A, TYPE65]}}}
            """;

    private static final String[] SHARDS = {
        "{",
        "}",
        "[",
        "]",
        ": ",
        ", ",
        "'",
        "\"",
        "\\",
        "\n",
        "\0",
        "-1",
        "99999999999999999999",
        "1e309",
        "NaN",
        "~",
        "null",
        "@type",
        "0.0s",
        "999999999999s",
        "*",
        "&a ",
        "rules",
        "name",
        "(",
        "/",
        "24:00",
        "é",
        "\uD800"
    };

    @ParameterizedTest
    @ValueSource(longs = {5, 6, 7})
    void text(long seed) {
        assertThat(attempt("undamaged", () -> ConfigReader.checkedYaml(EXTENSIONS.get(0), YAML)))
                .isEqualTo(4);
        Random random = new Random(seed);
        int inPlace = 0;
        for (int i = 0; i < 1_500; i++) {
            StringBuilder text = new StringBuilder(YAML);
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(12)));
                    case 1 -> text.insert(at, SHARDS[random.nextInt(SHARDS.length)]);
                    default -> text.setCharAt(at, (char) (32 + random.nextInt(95)));
                }
            }
            String damaged = text.toString();
            String what = "seed " + seed + ", round " + i + ":\n" + damaged;
            inPlace += attempt(what, () -> ConfigReader.checkedYaml(EXTENSIONS.get(0), damaged)) > 0 ? 1 : 0;
        }
        assertThat(inPlace).isPositive();
    }

    @ParameterizedTest
    @ValueSource(longs = {8, 9})
    void clusters(long seed) throws Exception {
        Random random = new Random(seed);
        Descriptor type = descriptor(ClusterFaultConfig.TYPE);
        int accepted = 0;
        for (int i = 0; i < 1_500; i++) {
            io.envoyproxy.envoy.config.cluster.v3.Cluster cluster =
                    io.envoyproxy.envoy.config.cluster.v3.Cluster.newBuilder()
                            .setName("c")
                            .putTypedExtensionProtocolOptions(
                                    "mishap.clusters.fault",
                                    com.google.protobuf.Any.newBuilder()
                                            .setTypeUrl("type.googleapis.com/" + type.getFullName())
                                            .setValue(message(random, type, 0).toByteString())
                                            .build())
                            .build();
            try {
                ConfigNode node =
                        ConfigReader.strict().binary("envoy.config.cluster.v3.Cluster", cluster.toByteArray(), "");
                ConfigCheck.constraints(node);
                ConfigCheck.support(node, SupportTable.all());
                accepted += ClusterFaultConfig.from(node).isEmpty() ? 0 : 1;
            } catch (ConfigException refused) {
                assertThat(refused.getMessage()).isNotBlank();
            } catch (RuntimeException | Error e) {
                fail("seed " + seed + ", round " + i, e);
            }
        }
        assertThat(accepted).isPositive();
    }
}
