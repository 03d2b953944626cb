package dev.mishap.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.LocalReply;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
    private long draw;

    private final RouteContext context = new RouteContext() {
        @Override
        public boolean hasCluster(String name) {
            return Set.of("u1", "u2").contains(name);
        }

        @Override
        public @Nullable Object perFilterConfig(String filterName, ConfigNode config, boolean optional) {
            return config.messageName();
        }

        @Override
        public LongSupplier random() {
            return () -> draw;
        }
    };

    private RouteTable table(String yaml) {
        return RouteTableConfig.from(
                ConfigReader.checkedYaml("envoy.config.route.v3.RouteConfiguration", yaml), context);
    }

    /** A table of one virtual host with these routes, in flow style. */
    private RouteTable routes(String... routes) {
        return table("{name: local, virtual_hosts: [{name: v, domains: ['*'], routes: [" + String.join(", ", routes)
                + "]}]}");
    }

    private static FakeHttpStream request(String authority, String path, String... headers) {
        FakeHttpStream stream = new FakeHttpStream().path(path).header(headers);
        stream.requestHeaders.set(HeaderName.AUTHORITY, authority);
        return stream;
    }

    private static RouteEntry select(RouteTable table, FakeHttpStream stream) {
        RouteEntry entry = (RouteEntry) table.select(stream);
        assertThat(entry).isNotNull();
        return entry;
    }

    private static String host(String name, String... domains) {
        List<String> quoted = new ArrayList<>();
        Arrays.stream(domains).forEach(d -> quoted.add("'" + d + "'"));
        return "{name: " + name + ", domains: " + quoted + ", routes: [{name: " + name
                + ", match: {prefix: /}, direct_response: {status: 200}}]}";
    }

    @ParameterizedTest
    @CsvSource({
        "a.com, a",
        "A.COM, a",
        "a.com:80, any",
        "z.b.com, b",
        "b.com, any",
        "x.y.b.com, d",
        "q.x.y.b.com, b",
        "c.org, c",
        "c.org.uk, c2",
        "zzz, any",
        "long.b.com, long",
        ".b.com, any"
    })
    void domainsGoByExactThenSuffixThenPrefix(String authority, String expected) {
        RouteTable table =
                table("{name: local, virtual_hosts: [" + host("a", "a.com") + ", " + host("b", "*.b.com") + ", "
                        + host("c", "c.*") + ", " + host("c2", "c.org.*") + ", " + host("d", "x.y.b.com") + ", "
                        + host("long", "*g.b.com") + ", " + host("any", "*") + "]}");
        assertThat(select(table, request(authority, "/")).name()).isEqualTo(expected);
    }

    @Test
    void noDomainNoRoute() {
        RouteTable table = table("{virtual_hosts: [" + host("a", "a.com") + "]}");
        assertThat(table.select(request("b.com", "/"))).isNull();
    }

    @ParameterizedTest
    @CsvSource({"a.com:80, a", "'[::1]:80', six", "'[::1]', six", "a.com, a"})
    void portsAreIgnoredOnDemand(String authority, String expected) {
        RouteTable table = table("{ignore_port_in_host_matching: true, virtual_hosts: [" + host("a", "a.com") + ", "
                + host("six", "[::1]") + "]}");
        assertThat(select(table, request(authority, "/")).name()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"/a/b, first", "/a, second", "/a;x=1, semicolon", "/zzz, ''"})
    void firstMatchWins(String path, String expected) {
        RouteTable table = routes(
                "{name: first, match: {prefix: /a/}, route: {cluster: u1}}",
                "{name: second, match: {path: /a}, route: {cluster: u1}}",
                "{name: semicolon, match: {path: '/a;x=1'}, route: {cluster: u1}}",
                "{match: {prefix: /}, route: {cluster: u2}}");
        assertThat(select(table, request("h", path)).name()).isEqualTo(expected);
    }

    /** The parameters of every segment, as observed on Envoy 1.40. */
    @ParameterizedTest
    @CsvSource({
        "/a;x=1?q, a",
        "/a?q;1, a",
        "/pre;z/x/y, prefix",
        "/rx;a, regex",
        "/raw;a, rest",
        "/a;b/c, rest",
        "/a;b=c?q;d/e, a"
    })
    void pathParametersAreIgnoredOnDemand(String target, String expected) {
        RouteTable table = table("{ignore_path_parameters_in_path_matching: true, virtual_hosts: [{name: v, domains:"
                + " ['*'], routes: [{name: a, match: {path: /a}, route: {cluster: u1}},"
                + " {name: prefix, match: {prefix: /pre/x}, route: {cluster: u1}},"
                + " {name: regex, match: {safe_regex: {regex: /rx}}, route: {cluster: u1}},"
                + " {name: raw, match: {path: '/raw;a'}, route: {cluster: u1}},"
                + " {name: rest, match: {prefix: /}, route: {cluster: u1}}]}]}");
        assertThat(select(table, request("h", target)).name()).isEqualTo(expected);
    }

    /** As in Envoy, one draw counts for all fractions and weights of a request: 30 %, then 50 - 30 %, then the rest. */
    @ParameterizedTest
    @CsvSource({"0, a", "299999, a", "300000, b", "499999, b", "500000, c", "1000000, a"})
    void fractionsShareTheDraw(long random, String expected) {
        RouteTable table = routes(
                "{name: a, match: {prefix: /, runtime_fraction: {default_value: {numerator: 30}}}, route: {cluster: u1}}",
                "{name: b, match: {prefix: /, runtime_fraction: {default_value: {numerator: 50}}}, route: {cluster: u1}}",
                "{name: c, match: {prefix: /}, route: {cluster: u1}}");
        draw = random;
        assertThat(select(table, request("h", "/")).name()).isEqualTo(expected);
    }

    @Test
    void fractionsReadTheRuntime() {
        RouteTable table = routes(
                "{name: a, match: {prefix: /, runtime_fraction: {default_value: {numerator: 0}, runtime_key: k}},"
                        + " route: {cluster: u1}}",
                "{name: b, match: {prefix: /}, route: {cluster: u1}}");
        assertThat(select(table, request("h", "/")).name()).isEqualTo("b");
        assertThat(select(table, request("h", "/").runtime("k", 1_000_000L)).name())
                .isEqualTo("a");
    }

    @Test
    void grpcHeadersAndQueryAllCount() {
        RouteTable table = routes(
                "{name: g, match: {prefix: /, grpc: {}}, route: {cluster: u1}}",
                "{name: h, match: {prefix: /, headers: [{name: x-h, present_match: true}], query_parameters: [{name: q,"
                        + " string_match: {exact: '1'}}]}, route: {cluster: u1}}",
                "{name: rest, match: {prefix: /}, route: {cluster: u1}}");
        assertThat(select(table, request("h", "/", "content-type", "application/grpc+proto"))
                        .name())
                .isEqualTo("g");
        assertThat(select(table, request("h", "/?q=1", "x-h", "")).name()).isEqualTo("h");
        assertThat(select(table, request("h", "/?q=2", "x-h", "")).name()).isEqualTo("rest");
        assertThat(select(table, request("h", "/?q=1")).name()).isEqualTo("rest");
    }

    @Test
    void dynamicMetadataMatches() {
        RouteTable table = routes(
                "{name: m, match: {prefix: /, dynamic_metadata: [{filter: f, path: [{key: a}, {key: b}], value:"
                        + " {string_match: {prefix: x}}}]}, route: {cluster: u1}}",
                "{name: rest, match: {prefix: /}, route: {cluster: u1}}");
        FakeHttpStream stream = request("h", "/");
        assertThat(select(table, stream).name()).isEqualTo("rest");
        stream.info().putDynamicMetadata("f", Map.of("a", Map.of("b", "xy")));
        assertThat(select(table, stream).name()).isEqualTo("m");
    }

    @ParameterizedTest
    @CsvSource({
        "0, '', u1",
        "49, '', u1",
        "50, '', u2",
        "99, '', u2",
        "100, '', u1",
        "0, 50, u2",
        "0, 149, u1",
        "50, x, u2",
        "50, 1x, u2",
        "99, 18446744073709551615, u1"
    })
    void weightedClustersAreDrawn(long random, String header, String expected) {
        RouteTable table = routes("{match: {prefix: /}, route: {weighted_clusters: {header_name: x-rand, clusters:"
                + " [{name: u1, weight: 50}, {name: u2, weight: 50}]}}}");
        draw = random;
        FakeHttpStream stream = header.isEmpty() ? request("h", "/") : request("h", "/", "x-rand", header);
        assertThat(select(table, stream).clusterName()).isEqualTo(expected);
    }

    @Test
    void weightsReadTheRuntime() {
        RouteTable table = routes("{match: {prefix: /}, route: {weighted_clusters: {runtime_key_prefix: w, clusters:"
                + " [{name: u1, weight: 100}, {name: u2, weight: 0}]}}}");
        draw = 7;
        assertThat(select(table, request("h", "/")).clusterName()).isEqualTo("u1");
        assertThat(select(table, request("h", "/").runtime("w.u1", 0L).runtime("w.u2", 10L))
                        .clusterName())
                .isEqualTo("u2");
    }

    @Test
    void aHeaderNamesTheCluster() {
        RouteTable table = routes("{match: {prefix: /}, route: {cluster_header: x-cl}}");
        assertThat(select(table, request("h", "/", "x-cl", "nope")).clusterName())
                .isEqualTo("nope");
        assertThat(select(table, request("h", "/")).clusterName()).isNull();
    }

    /** Recorded from Envoy 1.40. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = true,
            value = {
                "https_redirect: true                              | m.com:80   | /a?q      | https://m.com/a?q",
                "https_redirect: true                              | m.com:443  | /a        | https://m.com:443/a",
                "https_redirect: true                              | m.com:8080 | /a?q      | https://m.com:8080/a?q",
                "https_redirect: true                              | [::1]:80   | /a        | https://[::1]/a",
                "https_redirect: true                              | [::1]      | /a        | https://[::1]/a",
                "{https_redirect: true, port_redirect: 443}        | m.com:8080 | /a        | https://m.com:443/a",
                "scheme_redirect: ftp                              | m.com:80   | /a        | ftp://m.com/a",
                "host_redirect: 'o.com:99'                         | m.com      | /a/b?c    | http://o.com:99/a/b?c",
                "{host_redirect: 'o.com:99', port_redirect: 5}     | m          | /a        | http://o.com:99:5/a",
                "path_redirect: '/new?a=b'                         | m          | /a?c=d    | http://m/new?a=b",
                "{path_redirect: '/new?a=b', strip_query: true}    | m          | /a?c=d    | http://m/new?a=b",
                "path_redirect: '/new'                             | m          | /a?c=d    | http://m/new?c=d",
                "{path_redirect: '/new', strip_query: true}        | m          | /a?c=d    | http://m/new",
                "path_redirect: 'xx'                               | m          | /a?q      | http://m/xx?q",
                "path_redirect: '?z'                               | m          | /a?q      | http://m/?z",
                "path_redirect: '/new#frag'                        | m          | /a?x      | http://m/new#frag?x",
                "prefix_rewrite: /x                                | m          | /a/b?b=c  | http://m/x/b?b=c",
                "prefix_rewrite: xx                                | m          | /a/b?q    | http://m/xx/b?q",
                "regex_rewrite: {pattern: {regex: '[b-c]'}, substitution: '<\\0>'} | m | /a/bc?bc | http://m/a/<b><c>?bc",
                "{strip_query: true, host_redirect: h}             | m          | /a/b?c    | http://h/a/b",
                "port_redirect: 1                                  | m:80       | /a        | http://m:1/a",
                "port_redirect: 80                                 | m          | /a        | http://m:80/a",
            })
    void redirects(String fields, String authority, String path, String location) {
        String redirect = fields.startsWith("{") ? fields : "{" + fields + "}";
        RouteTable table = routes("{match: {prefix: /a}, redirect: " + redirect + "}");
        FakeHttpStream stream = request(authority, path);
        LocalReply reply = select(table, stream).localReply(stream, true);
        assertThat(reply).isNotNull();
        assertThat(reply.status()).isEqualTo(301);
        assertThat(reply.details()).isEqualTo("direct_response");
        assertThat(locationOf(reply)).isEqualTo(location);
    }

    @Test
    void forwardedProtoTellsTheOldScheme() {
        RouteTable table = routes("{match: {prefix: /a}, redirect: {https_redirect: true}}");
        FakeHttpStream stream = request("m.com:80", "/a", "x-forwarded-proto", "https");
        assertThat(locationOf(select(table, stream).localReply(stream, true))).isEqualTo("https://m.com:80/a");
    }

    private static @Nullable String locationOf(@Nullable LocalReply reply) {
        HeaderMap headers = new HeaderMap();
        if (reply != null && reply.headers() != null) {
            reply.headers().apply(headers);
        }
        return headers.get(HeaderName.LOCATION);
    }

    @ParameterizedTest
    @CsvSource({"200, false", "201, true", "204, false", "302, true", "304, true", "400, false"})
    void directResponsesPointBackForSomeCodes(int status, boolean pointsBack) {
        RouteTable table =
                routes("{match: {prefix: /}, direct_response: {status: " + status + ", body: {inline_string: é}}}");
        FakeHttpStream stream = request("m:9", "/dr?x");
        LocalReply reply = select(table, stream).localReply(stream, true);
        assertThat(reply).isNotNull();
        assertThat(reply.body()).isEqualTo("é");
        assertThat(locationOf(reply)).isEqualTo(pointsBack ? "http://m:9/dr?x" : null);
    }

    @ParameterizedTest
    @CsvSource({
        "ALL, '', '', true",
        "ALL, https, '', false",
        "EXTERNAL_ONLY, http, '', true",
        "EXTERNAL_ONLY, http, true, false",
        "NONE, http, '', false"
    })
    void tlsIsRequired(String requirement, String proto, String internal, boolean redirected) {
        RouteTable table = table("{virtual_hosts: [{name: v, domains: ['*'], require_tls: " + requirement
                + ", routes: [{name: r, match: {prefix: /}, route: {cluster: u1}}]}]}");
        FakeHttpStream stream = request("m", "/a?b");
        if (!proto.isEmpty()) {
            stream.header("x-forwarded-proto", proto);
        }
        if (!internal.isEmpty()) {
            stream.header("x-envoy-internal", internal);
        }
        LocalReply reply = select(table, stream).localReply(stream, true);
        assertThat(locationOf(reply)).isEqualTo(redirected ? "https://m/a?b" : null);
    }

    @Test
    void virtualClustersNamePartsOfTheTraffic() {
        RouteTable table = table("{virtual_hosts: [{name: v, domains: ['*'], virtual_clusters: [{name: posts, headers:"
                + " [{name: ':method', string_match: {exact: POST}}]}], routes: [{match: {prefix: /}, route: {cluster:"
                + " u1}}]}]}");
        FakeHttpStream stream = request("m", "/").method("POST");
        assertThat(select(table, stream).virtualCluster(stream.requestHeaders()))
                .isNotNull()
                .extracting(VirtualCluster::name, VirtualCluster::statPrefix)
                .containsExactly("posts", "vhost.v.vcluster.posts.");
        assertThat(select(table, stream).virtualCluster(request("m", "/").requestHeaders()))
                .isNotNull()
                .extracting(VirtualCluster::name)
                .isEqualTo("other");
    }

    @Test
    void theMostSpecificFilterConfigurationWins() {
        String fault = "{'@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}";
        String off = "{'@type': type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}";
        String wrapped = "{'@type': type.googleapis.com/envoy.config.route.v3.FilterConfig, config: " + fault + "}";
        RouteTable table = table("{typed_per_filter_config: {f: " + fault + ", g: " + off
                + "}, virtual_hosts: [{name: v,"
                + " domains: ['*'], typed_per_filter_config: {f: " + off + "}, routes: [{match: {prefix: /a},"
                + " typed_per_filter_config: {f: " + wrapped + "}, route: {cluster: u1}}, {match: {prefix: /}, route:"
                + " {cluster: u1}}]}]}");
        RouteEntry specific = select(table, request("h", "/a"));
        assertThat(specific.perFilterConfig("f")).isNotNull();
        assertThat(specific.filterDisabled("f")).isFalse();
        RouteEntry general = select(table, request("h", "/b"));
        assertThat(general.filterDisabled("f")).isTrue();
        assertThat(general.filterDisabled("g")).isTrue();
        assertThat(general.filterDisabled("h")).isNull();
    }

    /** Recorded from Envoy 1.40. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "match: {prefix: /}, route: {cluster: nope}  | route: unknown cluster 'nope'",
                "match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: nope, weight: 1}]}} | route: unknown weighted cluster 'nope'",
                "match: {prefix: /}, route: {cluster: u1, request_mirror_policies: [{cluster: nope}]} | route: unknown shadow cluster 'nope'",
                "match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: u1, weight: 0}]}} | Sum of weights in the weighted_cluster must be greater than 0.",
                "match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: u1, weight: 4294967295}, {name: u2, weight: 1}]}} | The sum of weights of all weighted clusters of route  exceeds 4294967295",
                "match: {prefix: /}, route: {weighted_clusters: {clusters: [{weight: 1}]}} | At least one of name or cluster_header need to be specified",
                "match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: u1, cluster_header: x, weight: 1}]}} | Only one of name or cluster_header can be specified",
                "match: {prefix: /}, route: {cluster: u1, prefix_rewrite: /a, regex_rewrite: {pattern: {regex: a}, substitution: b}} | Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy",
                "match: {prefix: /}, route: {cluster: u1, retry_policy: {retry_back_off: {base_interval: 1s, max_interval: 0.5s}}} | retry_policy.max_interval must greater than or equal to the base_interval",
                "match: {prefix: /}, route: {cluster: u1, retry_policy: {retry_host_predicate: [{name: envoy.retry_host_predicates.zzz}]}} | Didn't find a registered implementation for 'envoy.retry_host_predicates.zzz' with type URL: ''",
                "match: {prefix: /}, route: {cluster: u1, request_mirror_policies: [{}]} | Exactly one of cluster or cluster_header in request mirror policy need to be specified",
                "match: {prefix: /}, route: {cluster: u1}, request_headers_to_add: [{header: {key: Host, value: x}}] | :-prefixed or host headers may not be modified",
                "match: {prefix: /}, route: {cluster: u1}, response_headers_to_remove: [':status'] | :-prefixed or host headers may not be removed",
                "match: {prefix: /}, route: {cluster: u1}, request_headers_to_add: [{header: {key: a, value: x}, append: true, append_action: ADD_IF_ABSENT}] | Both append and append_action are set and it's not allowed",
                "match: {prefix: /}, route: {cluster: u1}, request_headers_to_add: [{header: {key: a, value: '%ZZZ%'}}] | Not supported field in StreamInfo: ZZZ",
                "match: {prefix: /}, direct_response: {status: 200, body: {filename: /nope}} | file /nope does not exist",
                "match: {prefix: /}, direct_response: {status: 200, body: {environment_variable: NOPEENV}} | Environment variable doesn't exist: NOPEENV",
                "match: {safe_regex: {regex: '(['}}, route: {cluster: u1} | missing ]: [",
                "match: {prefix: /}, route: {cluster: u1}, typed_per_filter_config: {x: {'@type': type.googleapis.com/envoy.config.route.v3.FilterConfig}} | Empty route/virtual host per filter configuration for x filter",
            })
    void badRoutesAreRefusedInEnvoysWords(String route, String message) {
        assertThatThrownBy(() -> routes("{" + route + "}"))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a | a | Only unique values for domains are permitted. Duplicate entry of domain a in route local",
                "A.x | a.X | Only unique values for domains are permitted. Duplicate entry of domain a.x in route local",
                "*.a | *.A | Only unique values for domains are permitted. Duplicate entry of domain *.a in route local",
                "a.* | a.* | Only unique values for domains are permitted. Duplicate entry of domain a.* in route local",
                "* | * | Only a single wildcard domain is permitted in route local",
            })
    void domainsAreUnique(String one, String other, String message) {
        assertThatThrownBy(
                        () -> table("{name: local, virtual_hosts: [" + host("a", one) + ", " + host("b", other) + "]}"))
                .hasMessage(message);
    }

    @Test
    void longBodiesAreRefused() {
        String route =
                "{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: " + "x".repeat(5000) + "}}}";
        assertThatThrownBy(() -> routes(route)).hasMessage("response body size is 5000 bytes; maximum is 4096");
    }

    @Test
    void unknownClustersPassOnDemand() {
        RouteTable table = table("{validate_clusters: false, virtual_hosts: [{name: v, domains: ['*'], routes: [{match:"
                + " {prefix: /}, route: {cluster: nope}}]}]}");
        assertThat(select(table, request("h", "/")).clusterName()).isEqualTo("nope");
    }

    @Test
    void domainsAgreeWithANaiveSearch() {
        Random random = new Random(7);
        Set<String> domains = new TreeSet<>();
        while (domains.size() < 300) {
            String name = letters(random, 1 + random.nextInt(4));
            domains.add(random.nextInt(3) == 0 ? "*" + name : random.nextBoolean() ? name + "*" : name);
        }
        Domains index = new Domains("t");
        for (String domain : domains) {
            index.add(domain, new VirtualHost(domain, VirtualHost.TlsRequirement.NONE, List.of(), Map.of()));
        }
        for (int i = 0; i < 5_000; i++) {
            String host = letters(random, 1 + random.nextInt(6));
            VirtualHost found = index.find(host);
            assertThat(found == null ? null : found.name()).as(host).isEqualTo(naive(domains, host));
        }
    }

    private static String letters(Random random, int length) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < length; i++) {
            s.append((char) ('a' + random.nextInt(3)));
        }
        return s.toString();
    }

    private static @Nullable String naive(Set<String> domains, String host) {
        if (domains.contains(host)) {
            return host;
        }
        for (int n = host.length() - 1; n > 0; n--) {
            if (domains.contains("*" + host.substring(host.length() - n))) {
                return "*" + host.substring(host.length() - n);
            }
        }
        for (int n = host.length() - 1; n > 0; n--) {
            if (domains.contains(host.substring(0, n) + "*")) {
                return host.substring(0, n) + "*";
            }
        }
        return null;
    }
}
