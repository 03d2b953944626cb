package dev.mishap.proxy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.admin.AdminRequest;
import dev.mishap.proxy.admin.AdminResponse;
import dev.mishap.proxy.admin.AdminRoute;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.Scope;
import dev.mishap.rules.fault.Reset;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RulesRouteTest {
    private final StoreFixture fixture = new StoreFixture();
    private final AdminRoute route = RulesRoute.of(new RulesApi(fixture.store, null));

    private AdminResponse call(String method, String path, String peer, List<String> repeated) {
        return call(method, path, new InetSocketAddress(peer, 1234), repeated, Map.of());
    }

    private AdminResponse call(
            String method, String path, SocketAddress peer, List<String> repeated, Map<String, String> headers) {
        return route.handler().handle(new AdminRequest(method, path, Map.of(), repeated, headers, new byte[0], peer));
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:9901, 200",
        "localhost:9901, 200",
        "LOCALHOST, 200",
        "a.localhost:1, 200",
        "[::1]:9901, 200",
        "[::1], 200",
        "10.0.0.1, 200",
        "evil.example:9901, 403",
        "evil.example, 403",
        "localhost.evil.example:9901, 403",
        "[evil], 403",
    })
    void pageWhoseNameWasPointedHereIsRefused(String host, int status) {
        assertThat(call(
                                "GET",
                                "/mishap/v1/rules",
                                new InetSocketAddress("127.0.0.1", 1),
                                List.of(),
                                Map.of("host", host))
                        .status())
                .isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({
        "http://127.0.0.1:9901, 200",
        "https://127.0.0.1:9901, 200",
        "http://127.0.0.1:8080, 403",
        "http://evil.example, 403",
        "null, 403",
    })
    void pageOfAnotherOriginIsRefused(String origin, int status) {
        assertThat(call(
                                "POST",
                                "/mishap/v1/kill",
                                new InetSocketAddress("127.0.0.1", 1),
                                List.of(),
                                Map.of("host", "127.0.0.1:9901", "origin", origin))
                        .status())
                .isEqualTo(status);
    }

    @Test
    void unixSocketHasNoName() {
        assertThat(call(
                                "GET",
                                "/mishap/v1/rules",
                                new DomainSocketAddress("/s"),
                                List.of(),
                                Map.of("host", "any.example"))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void answersUnderItsPrefix() {
        AdminResponse response = call("GET", "/mishap/v1/rules", "127.0.0.1", List.of());

        assertThat(route.path()).isEqualTo("/mishap/v1/");
        assertThat(response.status()).isEqualTo(200);
        assertThat(new String(response.body(), StandardCharsets.UTF_8)).isEqualTo("{\"rules\":[]}\n");
    }

    @Test
    void elsewhereIsNotLocal() {
        assertThat(call("GET", "/mishap/v1/rules", "192.0.2.1", List.of()).status())
                .isEqualTo(403);
    }

    @Test
    void tellsWhatIsAllowed() {
        assertThat(call("POST", "/mishap/v1/rules", "127.0.0.1", List.of()).headers())
                .containsEntry("allow", "GET, DELETE");
    }

    @Test
    void aParameterIsGivenOnce() {
        assertThat(call("DELETE", "/mishap/v1/rules", "127.0.0.1", List.of("experiment"))
                        .status())
                .isEqualTo(400);
    }

    @Test
    void rulesAreASectionOfTheConfigDumpWhileThereAreAny() {
        assertThat(RulesRoute.configDump(fixture.store)).isEmpty();

        fixture.put(FaultRule.of("r", Scope.ANY, Percentage.FULL, new Reset()));

        assertThat(RulesRoute.configDump(fixture.store))
                .singleElement()
                .satisfies(dump -> assertThat(dump)
                        .containsEntry("@type", "type.googleapis.com/mishap.admin.v1.RulesConfigDump")
                        .extractingByKey("rules")
                        .asString()
                        .contains("reset"));
    }
}
