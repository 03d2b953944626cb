package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged and hostile documents: every one is either read or refused by a ConfigException; the seed is in the failure. */
class ConfigFuzzTest {
    private static final String MESSAGE = "envoy.config.listener.v3.Listener";
    private static final int ROUNDS = 1_500;

    private static final String YAML = """
            name: &n l1
            address: {socket_address: {address: 127.0.0.1, port_value: !!int '80'}}
            per_connection_buffer_limit_bytes: 0x10
            listener_filters_timeout: 1.5s
            metadata: {filter_metadata: {a: &m {x: [1, 2.5, ~, "\\u00e9"], y: 'two
              lines'}, b: *m}}
            filter_chains:
            - name: *n
              filters:
              - name: hcm
                typed_config:
                  '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: x
                  route_config: {virtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, direct_response: {status: 200}}]}]}
                  http_filters:
                  - name: f
                    typed_config:
                      '@type': type.googleapis.com/xds.type.v3.TypedStruct
                      type_url: type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
                      value: {delay: {fixed_delay: 1s}}
            """;

    private static final String[] SHARDS = {
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
        "&a ",
        "*a",
        "*n",
        "!!int ",
        "! ",
        "'",
        "\"",
        "\\",
        "\t",
        "\n",
        "\r",
        "\0",
        "#",
        "|\n",
        ">",
        "%YAML 1.1",
        "---",
        "...",
        "? ",
        "<<",
        "99999999999999999999999",
        "-1",
        "1e999999999",
        "0x",
        "NaN",
        "~",
        "yes",
        "\uD800",
        "\uFEFF",
        "\u2028",
        "\u0085",
        "@type",
        "name",
        "null",
        "s",
        "315576000001s",
        "type.googleapis.com/",
        "google.protobuf.Any",
        "\"\\u12",
        "(",
        ",",
        "\u00e9"
    };

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void yaml(long seed) {
        rounds(seed, YAML, text -> ConfigReader.checkedYaml(MESSAGE, text));
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5})
    void json(long seed) {
        String json = json(ConfigReader.strict().yaml(MESSAGE, YAML));
        assertThat(ConfigReader.strict().json(MESSAGE, json).string("name")).isEqualTo("l1");
        rounds(seed, json, text -> check(ConfigReader.strict().json(MESSAGE, text)));
    }

    @ParameterizedTest
    @ValueSource(longs = {6, 7})
    void text(long seed) {
        String text =
                "name: 'l1' address { socket_address < address: \"a\" port_value: 0x50 > } metadata { filter_metadata { key: \"a\" value {"
                        + " fields { key: \"x\" value { list_value { values [{ number_value: -1.5e3 }, { string_value: \"\\303\\251\" }] } } } } } }"
                        + " filter_chains [{ name: \"f\" filters { name: \"t\" typed_config {"
                        + " [type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy] { stat_prefix: \"t\" cluster: \"c\" } } } }]";
        assertThat(ConfigReader.strict().textProto(MESSAGE, text).string("name"))
                .isEqualTo("l1");
        rounds(seed, text, t -> check(ConfigReader.strict().textProto(MESSAGE, t)));
    }

    @ParameterizedTest
    @ValueSource(longs = {8, 9})
    void binary(long seed) {
        byte[] good = io.envoyproxy.envoy.config.listener.v3.Listener.newBuilder()
                .setName("l1")
                .setMetadata(io.envoyproxy.envoy.config.core.v3.Metadata.newBuilder()
                        .putTypedFilterMetadata(
                                "a",
                                com.google.protobuf.Any.pack(com.google.protobuf.Duration.newBuilder()
                                        .setSeconds(5)
                                        .build())))
                .addFilterChains(io.envoyproxy.envoy.config.listener.v3.FilterChain.newBuilder()
                        .setName("f"))
                .build()
                .toByteArray();
        assertThat(ConfigReader.strict().binary(MESSAGE, good, "").string("name"))
                .isEqualTo("l1");
        Random random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            byte[] bad = good.clone();
            for (int j = random.nextInt(6); j >= 0; j--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            attempt(
                    seed,
                    i,
                    new String(bad, StandardCharsets.ISO_8859_1),
                    () -> check(ConfigReader.lenient().binary(MESSAGE, bad, "")));
        }
    }

    private interface Reading {
        void read(String text);
    }

    private static void check(ConfigNode node) {
        ConfigCheck.constraints(node);
        node.toJson();
    }

    private static void rounds(long seed, String good, Reading reading) {
        Random random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            String text = mutate(good, random);
            attempt(seed, i, text, () -> reading.read(text));
        }
    }

    private static void attempt(long seed, int round, String text, Runnable reading) {
        try {
            reading.run();
        } catch (ConfigException expected) {
            assertThat(expected.getMessage()).isNotBlank().hasSizeLessThan(20_000);
        } catch (RuntimeException | Error e) {
            fail("seed " + seed + ", round " + round + ": " + text, e);
        }
    }

    private static String mutate(String good, Random random) {
        StringBuilder s = new StringBuilder(good);
        for (int i = random.nextInt(4); i >= 0; i--) {
            if (s.length() == 0) {
                s.append(' ');
            }
            int at = random.nextInt(s.length());
            int end = Math.min(s.length(), at + 1 + random.nextInt(12));
            switch (random.nextInt(5)) {
                case 0:
                    s.delete(at, end);
                    break;
                case 1:
                    s.insert(at, SHARDS[random.nextInt(SHARDS.length)]);
                    break;
                case 2:
                    s.insert(random.nextInt(s.length()), s.substring(at, end));
                    break;
                case 3:
                    s.setCharAt(at, (char) random.nextInt(random.nextInt(20) == 0 ? 0x10000 : 0x100));
                    break;
                default:
                    s.setLength(Math.max(1, at));
            }
        }
        return s.toString();
    }

    private static String json(Object value) {
        if (value instanceof ConfigNode node) {
            return json(node.toJson());
        }
        if (value instanceof java.util.Map<?, ?> map) {
            StringBuilder s = new StringBuilder("{");
            map.forEach((k, v) -> s.append(s.length() == 1 ? "" : ",\n ")
                    .append(json(k))
                    .append(": ")
                    .append(json(v == null ? "" : v)));
            return s.append('}').toString();
        }
        if (value instanceof java.util.List<?> list) {
            StringBuilder s = new StringBuilder("[");
            list.forEach(v -> s.append(s.length() == 1 ? "" : ", ").append(json(v == null ? "" : v)));
            return s.append(']').toString();
        }
        return value instanceof String text ? '"' + text.replace("\"", "\\\"") + '"' : value.toString();
    }
}
