package dev.mishap.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.FakeHttpStream;
import dev.mishap.proxy.http.HeaderName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Routes and clusters that a tree of matchers finds. */
class RouteMatcherTest {
    private static final String INPUT = "{name: i, typed_config: {'@type': type.googleapis.com/"
            + "envoy.type.matcher.v3.HttpRequestHeaderMatchInput, header_name: x-a}}";
    private static final String ROUTE = "'@type': type.googleapis.com/envoy.config.route.v3.Route";
    private static final String SPECIFIER =
            "'@type': type.googleapis.com/envoy.extensions.router.cluster_specifiers.matcher.v3.";

    private static RouteTable table(String yaml) {
        return RouteTableConfig.from(
                ConfigReader.checkedYaml("envoy.config.route.v3.RouteConfiguration", yaml), new RouteContext() {
                    @Override
                    public boolean hasCluster(String name) {
                        return name.equals("u1");
                    }

                    @Override
                    public @Nullable Object perFilterConfig(String filterName, ConfigNode config, boolean optional) {
                        return null;
                    }
                });
    }

    private static String host(String matcher, String more) {
        return "{name: t, virtual_hosts: [{name: v, domains: ['*'], matcher: " + matcher + more + "}]}";
    }

    private static String tree(String entries) {
        return "{matcher_tree: {input: " + INPUT + ", exact_match_map: {map: {" + entries + "}}}}";
    }

    private static @Nullable RouteEntry select(RouteTable table, String path, String... headers) {
        FakeHttpStream stream = new FakeHttpStream().path(path).header(headers);
        stream.requestHeaders.set(HeaderName.AUTHORITY, "h");
        return (RouteEntry) table.select(stream);
    }

    private static String name(RouteTable table, String path, String... headers) {
        RouteEntry entry = select(table, path, headers);
        return entry == null ? "-" : entry.name();
    }

    @Test
    void a_leaf_is_a_route_that_matches_itself() {
        RouteTable table = table(host(
                tree("a: {action: {name: r, typed_config: {" + ROUTE
                        + ", name: one, match: {prefix: /one}, route: {cluster: nobody}}}},"
                        + "b: {action: {name: r, typed_config: {'@type': type.googleapis.com/envoy.config.route.v3.RouteList,"
                        + " routes: [{name: p, match: {path: /p}, route: {cluster: u1}},"
                        + " {name: rest, match: {prefix: /}, redirect: {path_redirect: /x}}]}}}"),
                ""));
        assertThat(name(table, "/one/1", "x-a", "a")).isEqualTo("one");
        assertThat(name(table, "/two", "x-a", "a")).isEqualTo("-");
        assertThat(name(table, "/p", "x-a", "b")).isEqualTo("p");
        assertThat(name(table, "/q", "x-a", "b")).isEqualTo("rest");
        assertThat(name(table, "/p", "x-a", "c")).isEqualTo("-");
        assertThat(name(table, "/p")).isEqualTo("-");
    }

    @Test
    void a_host_has_routes_or_a_matcher() {
        String leaf = "a: {action: {name: r, typed_config: {" + ROUTE + ", match: {prefix: /}, route: {cluster: u1}}}}";
        assertThatThrownBy(() ->
                        table(host(tree(leaf), ", routes: [{match: {prefix: /}, direct_response: {status: 200}}]")))
                .isInstanceOf(ConfigException.class)
                .hasMessage("cannot set both matcher and routes on virtual host");
        String input = "{name: i, typed_config: {'@type': type.googleapis.com/"
                + "envoy.extensions.matching.common_inputs.network.v3.SourceIPInput}}";
        assertThatThrownBy(() -> table(host(tree(leaf).replace(INPUT, input), "")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("Route table can only match on request headers, saw type.googleapis.com/"
                        + "envoy.extensions.matching.common_inputs.network.v3.SourceIPInput");
        assertThatThrownBy(() -> table(host(
                        tree("a: {action: {name: r, typed_config: {'@type': type.googleapis.com/"
                                + "envoy.config.rbac.v3.Action, name: x}}}"),
                        "")))
                .isInstanceOf(ConfigException.class)
                .hasMessage("Didn't find a registered implementation for 'r' with type URL: "
                        + "'envoy.config.rbac.v3.Action'");
    }

    private static String specifiers(String use, String plugins) {
        return "{name: t, cluster_specifier_plugins: [" + plugins
                + "], virtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, route: {" + use
                + "}}]}]}";
    }

    private static String plugin(String name) {
        return "{extension: {name: " + name + ", typed_config: {" + SPECIFIER + "MatcherClusterSpecifier,"
                + " cluster_matcher: "
                + tree("a: {action: {name: c, typed_config: {" + SPECIFIER + "ClusterAction, cluster: u9}}}") + "}}}";
    }

    @Test
    void a_matcher_chooses_the_cluster() {
        for (String use :
                new String[] {"cluster_specifier_plugin: m", "inline_cluster_specifier_plugin: " + plugin("x")}) {
            RouteTable table = table(specifiers(use, plugin("m")));
            RouteEntry found = select(table, "/", "x-a", "a");
            assertThat(found).isNotNull();
            assertThat(found.clusterName()).isEqualTo("u9");
            RouteEntry none = select(table, "/", "x-a", "b");
            assertThat(none).isNotNull();
            assertThat(none.clusterName()).isNull();
        }
    }

    @Test
    void plugins_that_are_not_there() {
        assertThatThrownBy(() -> table(specifiers("cluster_specifier_plugin: yy", plugin("m"))))
                .isInstanceOf(ConfigException.class)
                .hasMessage("Unknown cluster specifier plugin name: yy is used in the route");
        String other = "extension: {name: o, typed_config: {" + ROUTE + ", match: {prefix: /}, route: {cluster: u1}}}";
        assertThatThrownBy(() -> table(specifiers("cluster_specifier_plugin: o", "{" + other + "}")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("Didn't find a registered implementation for 'o'");
        RouteEntry none =
                select(table(specifiers("cluster_specifier_plugin: o", "{is_optional: true, " + other + "}")), "/");
        assertThat(none).isNotNull();
        assertThat(none.clusterName()).isNull();
    }

    @Test
    void filter_state_of_the_connection() {
        RouteTable table = table("{name: t, virtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /,"
                + " filter_state: [{key: k, string_match: {prefix: ab}}]}, route: {cluster: u1}}]}]}");
        FakeHttpStream stream = new FakeHttpStream().path("/");
        stream.requestHeaders.set(HeaderName.AUTHORITY, "h");
        assertThat(table.select(stream)).isNull();
        stream.info().connection = new dev.mishap.proxy.transport.ConnectionInfo();
        stream.info().connection.putFilterState("k", "abc");
        assertThat(table.select(stream)).isNotNull();
        stream.info().connection.putFilterState("k", "b");
        assertThat(table.select(stream)).isNull();
    }
}
