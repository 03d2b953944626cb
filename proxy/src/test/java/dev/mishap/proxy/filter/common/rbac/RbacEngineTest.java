package dev.mishap.proxy.filter.common.rbac;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.common.matching.Facts;
import dev.mishap.proxy.filter.common.rbac.RbacEngine.Decision;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.transport.TlsSession;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RbacEngineTest {
    /** A plain-text connection from 10.1.2.3 to 127.0.0.1:8080, which a proxy says comes from 192.0.2.9. */
    private static final class Connection implements Facts {
        final HeaderMap headers = new HeaderMap();
        final Map<String, Map<String, Object>> metadata = new HashMap<>();

        @Override
        public HeaderMap headers() {
            return headers;
        }

        @Override
        public InetSocketAddress directRemote() {
            return new InetSocketAddress("10.1.2.3", 4000);
        }

        @Override
        public InetSocketAddress remote() {
            return new InetSocketAddress("192.0.2.9", 0);
        }

        @Override
        public InetSocketAddress local() {
            return new InetSocketAddress("127.0.0.1", 8080);
        }

        @Override
        public InetSocketAddress upstream() {
            return new InetSocketAddress("10.9.9.9", 90);
        }

        @Override
        public @Nullable String serverName() {
            return null;
        }

        @Override
        public @Nullable TlsSession tls() {
            return null;
        }

        @Override
        public @Nullable Map<String, Object> dynamicMetadata(String namespace) {
            return metadata.get(namespace);
        }

        @Override
        public @Nullable Map<String, Object> routeMetadata(String namespace) {
            return Map.of("k", "route");
        }

        @Override
        public @Nullable Object filterState(String key) {
            return key.equals("known") ? "value" : null;
        }
    }

    private static final String UPSTREAM = "matcher: {name: m, typed_config: {'@type':"
            + " type.googleapis.com/envoy.extensions.rbac.matchers.upstream_ip_port.v3.UpstreamIpPortMatcher, ";

    private final Connection facts = new Connection();

    private static RbacEngine rules(String yaml) {
        return Objects.requireNonNull(
                RbacEngine.from(ConfigReader.checkedYaml("envoy.config.rbac.v3.RBAC", yaml), null, true));
    }

    private static RbacEngine matcher(String yaml) {
        return Objects.requireNonNull(
                RbacEngine.from(null, ConfigReader.checkedYaml("xds.type.matcher.v3.Matcher", yaml), true));
    }

    private boolean allowed(String permission, String principal) {
        return rules("policies: {p: {permissions: [{" + permission + "}], principals: [{" + principal + "}]}}")
                .decide(facts)
                .allowed();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "any: true | true",
                "destination_port: 8080 | true",
                "destination_port: 8081 | false",
                "destination_port_range: {start: 8000, end: 8080} | false",
                "destination_port_range: {start: 8000, end: 8081} | true",
                "destination_ip: {address_prefix: 127.0.0.0, prefix_len: 8} | true",
                "destination_ip: {address_prefix: '::1', prefix_len: 0} | false",
                "url_path: {path: {exact: /a}} | true",
                "url_path: {path: {suffix: '#f'}} | false",
                "header: {name: x-a, string_match: {exact: b}} | true",
                "not_rule: {header: {name: x-a}} | false",
                "and_rules: {rules: [{any: true}, {header: {name: x-none}}]} | false",
                "or_rules: {rules: [{header: {name: x-none}}, {any: true}]} | true",
                "requested_server_name: {exact: a} | false",
                UPSTREAM + "upstream_ip: {address_prefix: 10.9.0.0, prefix_len: 16}}} | true",
                UPSTREAM + "upstream_ip: {address_prefix: 10.8.0.0, prefix_len: 16}}} | false",
                UPSTREAM + "upstream_port_range: {start: 80, end: 90}}} | true",
                UPSTREAM
                        + "upstream_ip: {address_prefix: 10.9.0.0, prefix_len: 16}, upstream_port_range: {start: 91, end: 99}}} | false",
                "requested_server_name: {safe_regex: {regex: '.*'}} | true",
                "metadata: {filter: ns, path: [{key: k}], value: {string_match: {exact: v}}} | true",
                "metadata: {filter: ns, path: [{key: k}], value: {string_match: {exact: v}}, invert: true} | false",
                "sourced_metadata: {metadata_matcher: {filter: ns, path: [{key: k}], value: {string_match: {exact: route}}},"
                        + " metadata_source: ROUTE} | true"
            })
    void permissions(String permission, boolean expected) {
        facts.headers.add(HeaderName.PATH, "/a?x#f");
        facts.headers.add(HeaderName.of("x-a"), "b");
        facts.metadata.put("ns", Map.of("k", "v"));

        assertThat(allowed(permission, "any: true")).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "direct_remote_ip: {address_prefix: 10.0.0.0, prefix_len: 8} | true",
                "remote_ip: {address_prefix: 10.0.0.0, prefix_len: 8} | false",
                "remote_ip: {address_prefix: 192.0.2.0, prefix_len: 24} | true",
                "authenticated: {} | false",
                "not_id: {authenticated: {principal_name: {prefix: spiffe}}} | true",
                "filter_state: {key: known, string_match: {exact: value}} | true",
                "filter_state: {key: unknown, string_match: {safe_regex: {regex: '.*'}}} | false",
                "and_ids: {ids: [{any: true}, {not_id: {any: true}}]} | false",
                "or_ids: {ids: [{not_id: {any: true}}, {any: true}]} | true"
            })
    void principals(String principal, boolean expected) {
        assertThat(allowed("any: true", principal)).isEqualTo(expected);
    }

    @Test
    void theFirstPolicyByNameThatMatchesIsTold() {
        String policies = "policies: {b: {permissions: [{any: true}], principals: [{any: true}]},"
                + " a: {permissions: [{any: true}], principals: [{any: true}]}}";

        assertThat(rules("{action: DENY, " + policies + "}").decide(facts)).isEqualTo(new Decision(false, "a", null));
        assertThat(rules("{action: LOG, " + policies + "}").decide(facts)).isEqualTo(new Decision(true, "a", true));
        assertThat(rules("action: LOG").decide(facts)).isEqualTo(new Decision(true, null, false));
        assertThat(rules("{}").decide(facts)).isEqualTo(new Decision(false, null, null));
    }

    private static final String ALLOW =
            "{name: a, typed_config: {'@type':" + " type.googleapis.com/envoy.config.rbac.v3.Action, name: %s}}";

    private static String input(String type) {
        return "{name: i, typed_config: {'@type': type.googleapis.com/envoy.extensions.matching.common_inputs." + type
                + "}}";
    }

    @Test
    void anInputWithoutDataEndsTheEvaluation() {
        String tree = "{matcher_list: {matchers: [{predicate: {not_matcher: {single_predicate: {input: %s,"
                + " value_match: {exact: x}}}}, on_match: {action: " + ALLOW.formatted("hit") + "}}]},"
                + " on_no_match: {action: " + ALLOW.formatted("none") + "}}";

        assertThat(matcher(tree.formatted(input("ssl.v3.UriSanInput"))).decide(facts))
                .isEqualTo(new Decision(false, null, null));
        assertThat(matcher(tree.formatted(input("network.v3.ServerNameInput"))).decide(facts))
                .isEqualTo(new Decision(true, "hit", null));
    }

    @Test
    void theNarrowestNetworkThatHasAnActionDecides() {
        String tree = "matcher_tree: {input: " + input("network.v3.DirectSourceIPInput")
                + ", custom_match: {name: ip, typed_config: {'@type': type.googleapis.com/xds.type.matcher.v3.IPMatcher,"
                + " range_matchers: [{ranges: [{address_prefix: 0.0.0.0}], on_match: {action: "
                + ALLOW.formatted("wide") + "}}, {ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}], exclusive: %s,"
                + " on_match: {matcher: {}}}]}}}";

        assertThat(matcher(tree.formatted("false")).decide(facts).policy()).isEqualTo("wide");
        assertThat(matcher(tree.formatted("true")).decide(facts).policy()).isNull();
    }

    /** Any nesting of and, or and not over two known leaves gives what boolean algebra says. */
    @RepeatedTest(100)
    void nestedConditionsAreBooleanAlgebra(RepetitionInfo info) {
        Random random = new Random(info.getCurrentRepetition());
        boolean[] expected = new boolean[1];
        String condition = condition(random, 4, expected);

        assertThat(allowed(condition, "any: true")).as(condition).isEqualTo(expected[0]);
    }

    private static String condition(Random random, int depth, boolean[] value) {
        int kind = depth == 0 ? random.nextInt(2) : random.nextInt(5);
        if (kind < 2) {
            value[0] = kind == 1;
            return "destination_port: " + (value[0] ? 8080 : 1);
        }
        if (kind == 2) {
            String inner = condition(random, depth - 1, value);
            value[0] = !value[0];
            return "not_rule: {" + inner + "}";
        }
        boolean and = kind == 3;
        boolean result = and;
        StringBuilder rules = new StringBuilder();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            rules.append(rules.length() == 0 ? "" : ", ")
                    .append('{')
                    .append(condition(random, depth - 1, value))
                    .append('}');
            result = and ? result & value[0] : result | value[0];
        }
        value[0] = result;
        return (and ? "and_rules" : "or_rules") + ": {rules: [" + rules + "]}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "destination_ip: {address_prefix: x} | Failed to create CIDR range: malformed IP address: x",
                "destination_port_range: {start: 5, end: 3} | range start 5 cannot be greater or equal than range end 3"
            })
    void whatEnvoyRefusesIsRefusedInItsWords(String permission, String message) {
        assertThatThrownBy(() -> allowed(permission, "any: true")).hasMessage(message);
    }
}
