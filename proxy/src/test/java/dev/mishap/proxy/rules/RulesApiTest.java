package dev.mishap.proxy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.rules.RulesApi.Request;
import dev.mishap.proxy.rules.RulesApi.Response;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

class RulesApiTest {
    private static final String RULE = """
            {"apiVersion": "mishap.dev/v1", "kind": "FaultRule", "metadata": {"name": "r"},
             "spec": {"experimentId": "E1", "fault": {"abort": {"httpStatus": 503}}, "percentage": 40}}
            """;

    private final StoreFixture fixture = new StoreFixture();
    private final RulesApi api = new RulesApi(fixture.store, "secret");

    private Response call(String method, String target, String body, boolean local, @Nullable String authorization) {
        Map<String, String> query = new LinkedHashMap<>();
        int at = target.indexOf('?');
        String path = at < 0 ? target : target.substring(0, at);
        if (at >= 0) {
            for (String pair : target.substring(at + 1).split("&")) {
                query.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
            }
        }
        return api.handle(new Request(
                method, "/mishap/v1/" + path, query, authorization, local, body.getBytes(StandardCharsets.UTF_8)));
    }

    private Response call(String method, String target, String body) {
        return call(method, target, body, true, null);
    }

    private Response call(String method, String target) {
        return call(method, target, "");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> json(Response response) {
        return (Map<String, Object>) new Yaml().load(response.body());
    }

    @Test
    @SuppressWarnings("unchecked")
    void aRuleIsCreatedShownReplacedAndDeleted() {
        Response created = call("PUT", "rules/r?lease=run-1&leaseMillis=3000", RULE);
        assertThat(created.status()).isEqualTo(201);
        assertThat(created.contentType()).isEqualTo("application/json");
        assertThat(json(created)).containsEntry("kind", "FaultRule");
        Map<String, Object> status =
                new LinkedHashMap<>((Map<String, Object>) json(created).get("status"));
        assertThat(status.remove("source")).isEqualTo("api");
        assertThat(status)
                .isEqualTo(Map.of(
                        "active",
                        true,
                        "lease",
                        "run-1",
                        "expiresInMillis",
                        3000,
                        "scoped",
                        0,
                        "cohort",
                        0,
                        "drawn",
                        0,
                        "wouldTouch",
                        0,
                        "touched",
                        0,
                        "activeFaults",
                        0,
                        "suppressed",
                        Map.of("cap", 0, "concurrency", 0, "rate", 0, "schedule", 0, "protected", 0, "superseded", 0)));

        assertThat(call("PUT", "rules/r?lease=run-1", RULE).status()).isEqualTo(200);
        assertThat(call("GET", "rules/r").body()).contains("\"experimentId\":\"E1\"", "\"percentage\":40");
        assertThat(call("GET", "rules").body()).startsWith("{\"rules\":[{");

        assertThat(json(call("DELETE", "rules/r"))).containsEntry("deleted", 1);
        assertThat(json(call("DELETE", "rules/r"))).containsEntry("deleted", 0);
        assertThat(call("GET", "rules/r").status()).isEqualTo(404);
    }

    @Test
    void theKillSwitchIsReadTurnedOnAndOff() {
        assertThat(call("GET", "kill").body()).isEqualTo("{\"killed\":false,\"causes\":{}}\n");
        assertThat(json(call("POST", "kill?reason=incident 4711"))).containsEntry("killed", true);
        assertThat(json(call("POST", "kill"))).containsEntry("killed", true);
        assertThat(call("GET", "events").body()).containsOnlyOnce("killed").contains("incident 4711");
        assertThat(json(call("DELETE", "kill"))).containsEntry("killed", false);
        assertThat(json(call("DELETE", "kill"))).containsEntry("killed", false);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PUT    | kill                     | 405",
                "POST   | kill/now                 | 404",
                "POST   | kill?reasons=x           | 400",
                "POST   | kill?reason=             | 400",
                "DELETE | kill?reason=a%0Ab        | 200",
                "POST   | events                   | 405",
                "GET    | events/1                 | 404",
                "GET    | events?after=-1          | 400",
                "GET    | events?after=x           | 400",
                "GET    | events?limit=0           | 400",
                "GET    | events?limit=1025        | 400",
                "GET    | events?follow=maybe      | 400",
                "GET    | events?follow=&limit=1   | 400",
                "GET    | events?since=1           | 400",
                "GET    | events?after=9223372036854775807 | 200",
            })
    void whatIsNotMeantIsRefused(String method, String path, int status) {
        Response response = call(method, path);
        assertThat(response.status()).as(response.body()).isEqualTo(status);
        if (status >= 400) {
            assertThat(response.contentType()).isEqualTo("application/problem+json");
            assertThat(call("GET", "kill").body()).contains("\"killed\":false");
        }
    }

    @Test
    void aReasonHasNoControlCharactersAndAnEnd() {
        assertThat(call("POST", "kill?reason=" + "x".repeat(257)).status()).isEqualTo(400);
        assertThat(call("POST", "kill?reason=a\nb").status()).isEqualTo(400);
        assertThat(call("GET", "kill").body()).contains("\"killed\":false");
    }

    @Test
    void eventsAreKeptUpToABoundAndNumbered() {
        for (int i = 0; i < 600; i++) {
            call("PUT", "rules/r?lease=run-1", RULE);
            call("DELETE", "rules/r");
        }
        Map<String, Object> all = json(call("GET", "events"));
        assertThat(all).containsEntry("last", 1200);
        assertThat((List<?>) all.get("events")).hasSize(1024);
        assertThat(call("GET", "events?after=1199").body())
                .contains("\"number\":1200", "\"kind\":\"stopped\",\"rule\":\"r\",\"experimentId\":\"E1\"");
        assertThat((List<?>) json(call("GET", "events?after=1000&limit=7")).get("events"))
                .hasSize(7);
        fixture.advanceMillis(1);
    }

    @Test
    void anExpiryAndADryRunAreTold() {
        call(
                "PUT",
                "rules/r?lease=run-1&leaseMillis=1000",
                RULE.replace("\"spec\": {", "\"spec\": {\"dryRun\": true, "));
        assertThat(call("GET", "rules/r").body()).contains("\"dryRun\":true", "\"wouldTouch\":0");
        fixture.advanceMillis(1001);
        assertThat(call("GET", "events").body())
                .contains("\"kind\":\"expired\",\"rule\":\"r\"", "\"reason\":\"its lease ran out\"");
    }

    @Test
    void yamlIsReadToo() {
        String yaml =
                "apiVersion: mishap.dev/v1\nkind: FaultRule\nmetadata: {name: y}\nspec: {fault: {reset: {}}, ttl: 2m}\n";

        assertThat(call("PUT", "rules/y", yaml).status()).isEqualTo(201);
    }

    @Test
    void errorsNameTheFieldAndNothingIsApplied() {
        Response response = call("PUT", "rules/r?lease=l", RULE.replace("503", "99"));

        assertThat(response.status()).isEqualTo(400);
        assertThat(response.contentType()).isEqualTo("application/problem+json");
        assertThat(response.body()).contains("\"field\":\"spec.fault.abort\",\"problem\":\"httpStatus must be");
        assertThat(fixture.store.active().isIdle()).isTrue();
    }

    @Test
    void aRuleAboutTheQuestionsOfClientsIsTaken() {
        Response response = call(
                "PUT",
                "rules/r?lease=l",
                "{\"apiVersion\":\"mishap.dev/v1\",\"kind\":\"FaultRule\",\"metadata\":{\"name\":\"r\"},"
                        + "\"spec\":{\"scope\":{\"listeners\":[\"in\"]},\"fault\":{\"dns\":{\"drop\":true}}}}");
        assertThat(response.status()).isEqualTo(201);
        assertThat(fixture.store.active().rules().hasNoQuestionRules()).isFalse();
    }

    @Test
    void aRuleWithoutAnEndIsRefused() {
        Response response = call("PUT", "rules/r", RULE);

        assertThat(response.status()).isEqualTo(400);
        assertThat(response.body()).contains("spec.ttl");
    }

    @ParameterizedTest
    @CsvSource({
        "PUT, rules/other?lease=l, 400",
        "PUT, rules/r?lease=l&leaseMillis=99, 400",
        "PUT, rules/r?lease=l&leaseMillis=3600001, 400",
        "PUT, rules/r?lease=l&leaseMillis=x, 400",
        "PUT, rules/r?leaseMillis=500, 400",
        "PUT, rules/r?lease=, 400",
        "PUT, rules/r?leese=l, 400",
        "DELETE, rules?experimnt=E1, 400",
        "DELETE, rules?experiment=, 400",
        "GET, rules/none, 404",
        "GET, rules/r/x, 404",
        "GET, rules/, 404",
        "GET, nothing, 404",
        "PUT, leases/none, 404",
        "GET, leases, 404",
        "GET, observers/none, 404",
        "PUT, observers/o, 400",
        "POST, rules, 405",
        "PATCH, rules/r, 405",
        "GET, leases/l, 405",
        "DELETE, rules/none, 200",
        "DELETE, leases/none, 200",
        "DELETE, observers/none, 200",
    })
    void answers(String method, String target, int status) {
        Response response = call(method, target, method.equals("PUT") ? RULE : "");

        assertThat(response.status()).isEqualTo(status);
        assertThat(response.contentType()).isEqualTo(status == 200 ? "application/json" : "application/problem+json");
        assertThat(response.allow() != null).isEqualTo(status == 405);
    }

    @Test
    void leasesAreRenewedAndEnd() {
        call("PUT", "rules/r?lease=l", RULE);
        call("PUT", "observers/o?lease=l&leaseMillis=1000", "");

        assertThat(json(call("PUT", "leases/l?leaseMillis=2000")))
                .isEqualTo(Map.of(
                        "id",
                        "l",
                        "expiresInMillis",
                        2000,
                        "rules",
                        java.util.List.of("r"),
                        "observers",
                        java.util.List.of("o")));
        fixture.advanceMillis(2000);
        assertThat(call("PUT", "leases/l").status()).isEqualTo(404);
        assertThat(call("GET", "observers/o").status()).isEqualTo(404);
    }

    @Test
    void anObserverTellsWhatItCounted() {
        assertThat(call(
                                "PUT",
                                "observers/checkout?lease=l",
                                "{\"experimentId\": \"E1\", \"scope\": {\"clusters\": [\"u1\"]}, \"cohort\": {\"percent\": 5}}")
                        .status())
                .isEqualTo(201);
        assertThat(call("PUT", "observers/checkout?lease=other", "{}").status()).isEqualTo(409);

        Map<String, Object> observer = json(call("GET", "observers/checkout"));

        assertThat(observer)
                .containsEntry("name", "checkout")
                .containsEntry("experimentId", "E1")
                .containsKeys("all", "cohort", "lease", "expiresInMillis");
    }

    @Test
    void allRulesEndByOneCall() {
        call("PUT", "rules/r?lease=l", RULE);

        Response response = call("DELETE", "rules");

        assertThat(json(response)).containsEntry("deleted", 1);
        assertThat(response.body()).contains("\"active\":false");
        assertThat(fixture.store.active().isIdle()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Bearer wrong", "Bearer secret2", "secret", "Basic secret"})
    void fromElsewhereATokenIsNeeded(String authorization) {
        String given = authorization.isEmpty() ? null : authorization;

        assertThat(call("DELETE", "rules", "", false, given).status()).isEqualTo(403);
        assertThat(new RulesApi(fixture.store, null)
                        .handle(new Request("GET", "/mishap/v1/rules", Map.of(), given, false, new byte[0]))
                        .status())
                .isEqualTo(403);
    }

    @Test
    void theTokenOpens() {
        assertThat(call("GET", "rules", "", false, "Bearer secret").status()).isEqualTo(200);
        assertThat(call("GET", "rules", "", false, "bearer secret").status()).isEqualTo(200);
    }

    @Test
    void aBodyIsBounded() {
        assertThat(call("PUT", "rules/r?lease=l", " ".repeat(RulesApi.MAX_BODY_BYTES + 1))
                        .status())
                .isEqualTo(413);
    }

    @Test
    void aBodyThatIsNotUtf8IsRefused() {
        Response response = api.handle(new Request(
                "PUT", "/mishap/v1/rules/r", Map.of("lease", "l"), null, true, new byte[] {(byte) 0xff, '{', '}'}));

        assertThat(response.status()).isEqualTo(400);
    }

    @Test
    void aRuleOfTheConfigurationIsListedAndReadOnly() {
        List<dev.mishap.rules.FaultRule> rules =
                List.of(dev.mishap.rules.text.RuleLine.parse("abort 503 experiment E1", "r"));
        fixture.store.places().replace("filter 'f' of listener 'l'", rules).enter();

        assertThat(call("GET", "rules").body())
                .contains("\"source\":\"configuration\",\"place\":\"filter 'f' of listener 'l'\"");
        assertThat(call("GET", "rules/r").body()).contains("\"source\":\"configuration\"");
        for (Response refused : List.of(call("DELETE", "rules/r"), call("PUT", "rules/r?lease=x", RULE))) {
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.body()).contains("read-only", "filter 'f' of listener 'l'", "kill");
        }
        for (String path : List.of("rules", "rules?experiment=E1")) {
            assertThat(json(call("DELETE", path)))
                    .containsEntry("deleted", 0)
                    .containsEntry("left", List.of(Map.of("name", "r", "place", "filter 'f' of listener 'l'")));
        }
        assertThat(json(call("DELETE", "rules?experiment=E2"))).doesNotContainKey("left");
        assertThat(call("GET", "events").body()).contains("\"kind\":\"started\",\"rule\":\"r\"");

        fixture.store.places().replace("filter 'g' of listener 'l'", rules).enter();
        assertThat(call("GET", "rules/r").status()).isEqualTo(409);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rules", "rules/r", "leases/l"})
    void releaseIsYesOrNo(String path) {
        assertThat(call("DELETE", path + "?release=false").status()).isEqualTo(200);
        assertThat(call("DELETE", path + "?release=").status()).isEqualTo(200);
        assertThat(call("DELETE", path + "?release=no").status()).isEqualTo(400);
        assertThat(call("DELETE", path + "?releases=false").status()).isEqualTo(400);
    }
}
