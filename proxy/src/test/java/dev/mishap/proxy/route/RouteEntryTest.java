package dev.mishap.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.upstream.RetryOn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a route makes of requests and responses. The expectations were recorded from Envoy 1.40. */
class RouteEntryTest {
    private static final RouteContext CONTEXT = new RouteContext() {
        @Override
        public boolean hasCluster(String name) {
            return true;
        }

        @Override
        public @Nullable Object perFilterConfig(String filterName, ConfigNode config, boolean optional) {
            return null;
        }

        @Override
        public LongSupplier random() {
            return () -> 0;
        }
    };

    private static RouteTable table(String yaml) {
        return RouteTableConfig.from(
                ConfigReader.checkedYaml("envoy.config.route.v3.RouteConfiguration", yaml), CONTEXT);
    }

    private static RouteTable route(String fields) {
        return table("{virtual_hosts: [{name: v, domains: ['*'], routes: [{" + fields + "}]}]}");
    }

    private static FakeHttpStream forwarded(RouteTable table, String path, String... headers) {
        FakeHttpStream stream = new FakeHttpStream().path(path).header(headers);
        RouteEntry entry = (RouteEntry) table.select(stream);
        assertThat(entry).isNotNull();
        entry.finalizeRequestHeaders(stream.requestHeaders, stream, true);
        return stream;
    }

    private static List<String> lines(HeaderMap headers, String name) {
        List<String> values = new ArrayList<>();
        HeaderName header = HeaderName.of(name);
        for (int i = headers.indexOf(header); i >= 0; i = headers.indexOf(header, i + 1)) {
            values.add(headers.value(i));
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "prefix: /pr/                  | prefix_rewrite: /x/            | /pr/a?b=c  | /x/a?b=c",
                "prefix: /no                   | prefix_rewrite: xx             | /no/a      | xx/a",
                "path: /e                      | prefix_rewrite: /e2            | /e?x       | /e2?x",
                "safe_regex: {regex: '/re.*'}  | prefix_rewrite: /re2           | /reabc?x   | /re2?x",
                "path_separated_prefix: /s     | prefix_rewrite: /              | /s/t       | //t",
                "path_separated_prefix: /s     | prefix_rewrite: /              | /s?q       | /?q",
                "prefix: /rr                   | regex_rewrite: {pattern: {regex: '/rr/([a-z]+)/([a-z]+)'}, substitution: '/\\2/\\1'} | /rr/ab/cd?q | /cd/ab?q",
                "prefix: /rn                   | regex_rewrite: {pattern: {regex: nomatch}, substitution: zz} | /rn/a | /rn/a",
                "prefix: /f                    | path_rewrite: '/n%REQ(:PATH)%x'  | /f?x       | /n/f?xx?x",
                "prefix: /f                    | path_rewrite: 'a b c'           | /f?x       | a%20b%20c?x",
            })
    void rewritesThePath(String match, String rewrite, String path, String expected) {
        FakeHttpStream stream = forwarded(route("match: {" + match + "}, route: {cluster: u1, " + rewrite + "}"), path);
        assertThat(stream.requestHeaders.get(HeaderName.PATH)).isEqualTo(expected);
        assertThat(lines(stream.requestHeaders, "x-envoy-original-path")).containsExactly(path);
    }

    @Test
    void templatesRewriteThePath() {
        FakeHttpStream stream = forwarded(
                route("match: {path_match_policy: {name: m, typed_config: {'@type':"
                        + " type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig,"
                        + " path_template: '/t/{a}/{b=**}'}}}, route: {cluster: u1, path_rewrite_policy: {name: r,"
                        + " typed_config: {'@type':"
                        + " type.googleapis.com/envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig,"
                        + " path_template_rewrite: '/n/{b}/{a}'}}}"),
                "/t/1/2/3?q=1");
        assertThat(stream.requestHeaders.get(HeaderName.PATH)).isEqualTo("/n/2/3/1?q=1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "host_rewrite_literal: lit.com                                | -    | lit.com | -",
                "{host_rewrite_literal: lit.com, append_x_forwarded_host: true} | -  | lit.com | test",
                "{host_rewrite_literal: lit.com, append_x_forwarded_host: true} | p  | lit.com | p,test",
                "append_x_forwarded_host: true                                | p    | test    | p",
                "host_rewrite_header: x-none                                  | -    | test    | -",
                "host_rewrite_header: x-forwarded-host                        | p    | p       | p",
                "host_rewrite_path_regex: {pattern: {regex: '^/hp/(.+)$'}, substitution: '\\1.com'} | - | foo.com | -",
            })
    void rewritesTheHost(String fields, String forwardedHost, String host, String newForwardedHost) {
        String action = fields.startsWith("{") ? fields.substring(1, fields.length() - 1) : fields;
        RouteTable table = route("match: {prefix: /}, route: {cluster: u1, " + action + "}");
        FakeHttpStream stream = forwardedHost == null
                ? forwarded(table, "/hp/foo?x")
                : forwarded(table, "/hp/foo?x", "x-forwarded-host", forwardedHost);
        assertThat(stream.requestHeaders.get(HeaderName.AUTHORITY)).isEqualTo(host);
        assertThat(stream.requestHeaders.get(HeaderName.of("x-forwarded-host"))).isEqualTo(newForwardedHost);
        assertThat(stream.requestHeaders.get(HeaderName.of("x-envoy-original-host")))
                .isEqualTo(host.equals("test") ? null : "test");
    }

    @Test
    void theRoutesHostComesAfterTheWeightedClusters() {
        FakeHttpStream stream = forwarded(
                route("match: {prefix: /}, request_headers_to_add: [{header: {key: x-w, value: route}}], route:"
                        + " {host_rewrite_literal: route.host, weighted_clusters: {clusters: [{name: u1, weight: 1,"
                        + " host_rewrite_literal: w1, request_headers_to_add: [{header: {key: x-w, value: one}}]}]}}"),
                "/");
        assertThat(stream.requestHeaders.get(HeaderName.AUTHORITY)).isEqualTo("route.host");
        assertThat(stream.requestHeaders.get(HeaderName.of("x-envoy-original-host")))
                .isEqualTo("w1");
        assertThat(lines(stream.requestHeaders, "x-w")).containsExactly("one", "route");
    }

    private static String levels(boolean mostSpecificWins) {
        String add =
                "request_headers_to_add: [{header: {key: x-o, value: %s}, append_action: OVERWRITE_IF_EXISTS_OR_ADD},"
                        + " {header: {key: x-a, value: %s}}]";
        return "{most_specific_header_mutations_wins: " + mostSpecificWins + ", " + add.formatted("rc", "rc")
                + ", virtual_hosts: [{name: v, domains: ['*'], " + add.formatted("v", "v")
                + ", routes: [{match: {prefix: /}, route: {cluster: u1}, " + add.formatted("r", "r") + "}]}]}";
    }

    @Test
    void mutationsGoFromTheRouteToTheTable() {
        FakeHttpStream stream = forwarded(table(levels(false)), "/", "x-o", "c", "x-a", "c");
        assertThat(lines(stream.requestHeaders, "x-o")).containsExactly("rc");
        assertThat(lines(stream.requestHeaders, "x-a")).containsExactly("c", "r", "v", "rc");
    }

    @Test
    void theMostSpecificMutationWinsOnDemand() {
        FakeHttpStream stream = forwarded(table(levels(true)), "/", "x-o", "c");
        assertThat(lines(stream.requestHeaders, "x-o")).containsExactly("r");
        assertThat(lines(stream.requestHeaders, "x-a")).containsExactly("rc", "v", "r");
    }

    @Test
    void mutationsOfOneLevelSeeTheHeadersAsTheyWere() {
        FakeHttpStream stream = forwarded(
                route(
                        "match: {prefix: /}, route: {cluster: u1}, request_headers_to_remove: [x-rm], request_headers_to_add:"
                                + " [{header: {key: x-a, value: '1'}}, {header: {key: x-a, value: '2'}, append_action:"
                                + " OVERWRITE_IF_EXISTS_OR_ADD}, {header: {key: x-b, value: '%REQ(x-a)%'}}, {header: {key: x-c,"
                                + " value: 'a%REQ(nope)%b'}}, {header: {key: x-e, value: '%REQ(nope)%'}}, {header: {key: x-k, value:"
                                + " '%REQ(nope)%'}, keep_empty_value: true}, {header: {key: x-pct, value: 100%%}}, {header: {key:"
                                + " x-u, value: é}}, {header: {key: x-i, value: '1'}, append_action: ADD_IF_ABSENT}, {header: {key:"
                                + " x-i, value: '2'}, append_action: ADD_IF_ABSENT}, {header: {key: x-x, value: nn}, append_action:"
                                + " OVERWRITE_IF_EXISTS}, {header: {key: user-agent, value: mine}}, {header: {key: x-old, value:"
                                + " nn}, append: false}]"),
                "/h1",
                "x-a",
                "c",
                "x-rm",
                "1",
                "user-agent",
                "ua",
                "x-old",
                "o");
        HeaderMap headers = stream.requestHeaders;
        assertThat(lines(headers, "x-a")).containsExactly("2", "1");
        assertThat(lines(headers, "x-b")).containsExactly("c");
        assertThat(lines(headers, "x-c")).containsExactly("ab");
        assertThat(lines(headers, "x-e")).isEmpty();
        assertThat(lines(headers, "x-k")).containsExactly("");
        assertThat(lines(headers, "x-pct")).containsExactly("100%");
        assertThat(lines(headers, "x-u")).containsExactly("Ã©");
        assertThat(lines(headers, "x-i")).containsExactly("1", "2");
        assertThat(lines(headers, "x-x")).isEmpty();
        assertThat(lines(headers, "x-rm")).isEmpty();
        assertThat(lines(headers, "x-old")).containsExactly("nn");
        assertThat(lines(headers, "user-agent")).as("one line").containsExactly("ua,mine");
    }

    @Test
    void responsesAreMutated() {
        RouteTable table = route("match: {prefix: /}, route: {cluster: u1}, response_headers_to_remove: [x-dup],"
                + " response_headers_to_add: [{header: {key: x-up, value: mine}}, {header: {key: vary, value: b}}, {header:"
                + " {key: x-dup, value: '2'}, append_action: ADD_IF_ABSENT}, {header: {key: x-r, value: '%RESP(x-up)%'}},"
                + " {header: {key: x-q, value: '%REQ(x-a)%'}}]");
        FakeHttpStream stream = new FakeHttpStream().header("x-a", "from request");
        HeaderMap response = new HeaderMap();
        response.add(HeaderName.of("x-up"), "u");
        response.add(HeaderName.of("vary"), "a");
        response.add(HeaderName.of("x-dup"), "u");
        RouteEntry entry = (RouteEntry) table.select(stream);
        assertThat(entry).isNotNull();
        entry.finalizeResponseHeaders(response, stream);
        assertThat(lines(response, "x-up")).containsExactly("u", "mine");
        assertThat(lines(response, "vary")).containsExactly("a,b");
        assertThat(lines(response, "x-dup")).containsExactly("2");
        assertThat(lines(response, "x-r")).containsExactly("u");
        assertThat(lines(response, "x-q")).containsExactly("from request");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "200m | 100000000", // the offset is taken off
                "50m | 50000000", // unless nothing would be left
                "10S | 400000000", // at most what the route allows
                "99999999H | 400000000",
                "1n | 1",
                "0m | 1", // at once, not without end
                "x | 7000000000", // not a time-out: the route's own
                "123456789n | 7000000000"
            })
    void grpcTimeoutBoundsTheStream(String header, long nanos) {
        RouteTable table =
                route("match: {prefix: /}, route: {cluster: u1, max_stream_duration: {max_stream_duration: 7s,"
                        + " grpc_timeout_header_max: 0.5s, grpc_timeout_header_offset: 0.1s}}");
        RouteEntry entry = (RouteEntry) table.select(new FakeHttpStream().path("/"));
        assertThat(entry).isNotNull();
        HeaderMap request = new HeaderMap();
        assertThat(entry.maxStreamDurationNanos(request)).isEqualTo(7_000_000_000L);
        request.add(HeaderName.of("grpc-timeout"), header);
        assertThat(entry.maxStreamDurationNanos(request)).isEqualTo(nanos);
    }

    @Test
    void timesPoliciesAndDefaults() {
        ForwardAction plain = forward(route("match: {prefix: /}, route: {cluster: u1}"));
        assertThat(plain.timeoutNanos()).isEqualTo(Duration.ofSeconds(15).toNanos());
        assertThat(plain.idleTimeoutNanos()).isEqualTo(-1);
        assertThat(plain.maxStreamDurationNanos()).isEqualTo(-1);
        assertThat(plain.clusterNotFoundStatus()).isEqualTo(503);
        assertThat(plain.retry()).isNull();

        ForwardAction full =
                forward(table("{request_mirror_policies: [{cluster: t}], virtual_hosts: [{name: v, domains:"
                        + " ['*'], include_request_attempt_count: true, retry_policy: {retry_on: '5xx, reset,nonsense'}, routes:"
                        + " [{match: {prefix: /}, route: {cluster: u1, timeout: 0s, idle_timeout: 0s, max_stream_duration:"
                        + " {max_stream_duration: 2s, grpc_timeout_header_max: 0s}, cluster_not_found_response_code: NOT_FOUND,"
                        + " priority: HIGH}}]}]}"));
        assertThat(full.timeoutNanos()).isZero();
        // A time-out beside a max_stream_duration has no effect, as observed on Envoy 1.40.
        assertThat(forward(route("match: {prefix: /}, route: {cluster: u1, timeout: 3s, max_stream_duration: {}}"))
                        .timeoutNanos())
                .isZero();
        assertThat(full.idleTimeoutNanos()).isZero();
        assertThat(full.maxStreamDurationNanos())
                .isEqualTo(Duration.ofSeconds(2).toNanos());
        assertThat(full.grpcTimeoutHeaderMaxNanos()).isZero();
        assertThat(full.clusterNotFoundStatus()).isEqualTo(404);
        assertThat(full.highPriority()).isTrue();
        assertThat(full.includeAttemptCount()).isTrue();
        assertThat(full.mirrors()).extracting(MirrorPolicy::cluster).containsExactly("t");
        RetryPolicy retry = full.retry();
        assertThat(retry).isNotNull();
        assertThat(retry.on()).containsExactlyInAnyOrder(RetryOn.SERVER_ERROR, RetryOn.RESET);
        assertThat(retry.numRetries()).isEqualTo(1);
        assertThat(retry.baseIntervalNanos()).isEqualTo(Duration.ofMillis(25).toNanos());
        assertThat(retry.maxIntervalNanos()).isEqualTo(Duration.ofMillis(250).toNanos());
    }

    private static ForwardAction forward(RouteTable table) {
        RouteEntry entry = (RouteEntry) table.select(new FakeHttpStream());
        assertThat(entry).isNotNull();
        ForwardAction forward = entry.forward();
        assertThat(forward).isNotNull();
        return forward;
    }
}
