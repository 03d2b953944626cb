package dev.mishap.proxy.filter.network.rbac;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.network.FakeConnection;
import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilter.Status;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NetworkRbacFilterTest {
    private static final String MESSAGE = "envoy.extensions.filters.network.rbac.v3.RBAC";
    /** Lets nobody pass but 10.0.0.0/8. */
    private static final String RULES = "{action: ALLOW, policies: {ten: {permissions: [{any: true}], principals:"
            + " [{direct_remote_ip: {address_prefix: 10.0.0.0, prefix_len: 8}}]}}}";

    private final FakeConnection connection = new FakeConnection();

    @BeforeEach
    void from() {
        from("192.0.2.1");
    }

    private void from(String address) {
        connection.info().directRemoteAddress = new InetSocketAddress(address, 5);
        connection.info().remoteAddress = connection.info().directRemoteAddress;
    }

    private NetworkFilter filter(String yaml) {
        PassingFilterFactory factory = (PassingFilterFactory) new NetworkRbacExtension()
                .parse(ConfigReader.checkedYaml(MESSAGE, "stat_prefix: p\n" + yaml), connection);
        NetworkFilter filter = factory.create();
        assertThat(filter.onNewConnection(connection)).isEqualTo(Status.CONTINUE);
        return filter;
    }

    private static Status data(NetworkFilter filter) {
        return filter.onData(Unpooled.EMPTY_BUFFER, false);
    }

    @Test
    void whoIsAllowedPassesAndIsNotAskedAgain() {
        from("10.1.2.3");

        assertThat(data(filter("rules: " + RULES))).isEqualTo(Status.DONE);

        assertThat(connection.events).isEmpty();
        assertThat(connection.stats.value("p.rbac.allowed")).isEqualTo(1);
    }

    @Test
    void whoIsNotAllowedIsClosedWithTheFirstBytes() {
        NetworkFilter filter = filter("rules: " + RULES);
        assertThat(connection.events).isEmpty();

        assertThat(data(filter)).isEqualTo(Status.STOP);

        assertThat(connection.events).containsExactly("closeNow rbac_deny_close");
        assertThat(connection.info().terminationDetails).isEqualTo("rbac_access_denied_matched_policy[none]");
        assertThat(connection.stats.value("p.rbac.denied")).isEqualTo(1);
    }

    @Test
    void aRefusalMayWait() {
        NetworkFilter filter = filter("delay_deny: 2s\nrules: " + RULES);

        assertThat(data(filter)).isEqualTo(Status.STOP);
        assertThat(data(filter)).isEqualTo(Status.STOP);
        connection.advanceMillis(1999);
        assertThat(connection.events).isEmpty();
        connection.advanceMillis(1);

        assertThat(connection.events).containsExactly("closeNow rbac_deny_close");
        assertThat(connection.stats.value("p.rbac.denied")).isEqualTo(1);
    }

    @Test
    void nothingHappensToAConnectionThatIsGone() {
        NetworkFilter filter = filter("delay_deny: 2s\nrules: " + RULES);
        data(filter);

        filter.onClose();
        connection.advanceMillis(5000);

        assertThat(connection.events).isEmpty();
    }

    @Test
    void aShadowOnlyTells() {
        assertThat(data(filter("shadow_rules_stat_prefix: s_\nshadow_rules: " + RULES)))
                .isEqualTo(Status.DONE);

        assertThat(connection.events).isEmpty();
        assertThat(connection.stats.value("p.rbac.s_.shadow_denied")).isEqualTo(1);
        assertThat(connection.info().dynamicMetadata("envoy.filters.network.rbac"))
                .containsAllEntriesOf(Map.of("s_shadow_engine_result", "denied"));
    }

    @Test
    void allThatIsReadMayBeChecked() {
        from("10.1.2.3");
        NetworkFilter filter = filter("enforcement_type: CONTINUOUS\nrules: " + RULES);

        assertThat(data(filter)).isEqualTo(Status.CONTINUE);
        from("192.0.2.1");
        assertThat(data(filter)).isEqualTo(Status.STOP);

        assertThat(connection.stats.value("p.rbac.allowed")).isEqualTo(1);
        assertThat(connection.stats.value("p.rbac.denied")).isEqualTo(1);
    }

    @Test
    void rulesAboutHeadersAreAMistake() {
        assertThatThrownBy(() -> filter("rules: {policies: {a: {principals: [{any: true}], permissions: [{and_rules:"
                        + " {rules: [{not_rule: {header: {name: x-a, present_match: true}}}]}}]}}}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("Found header(");
    }
}
