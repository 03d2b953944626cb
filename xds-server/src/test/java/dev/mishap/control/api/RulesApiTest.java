package dev.mishap.control.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.api.ApiFixture.Reply;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.Role;
import dev.mishap.rules.yaml.DocumentText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class RulesApiTest {
    private static final String RULES = "/api/v1/namespaces/default/rules";

    private final ApiFixture api = new ApiFixture();

    @AfterEach
    void close() {
        api.close();
    }

    private static String rule(String name) {
        return ApiFixture.RULE.formatted(name);
    }

    @Test
    void aRuleLives() {
        Reply created = api.call("POST", RULES, rule("a"));
        assertThat(created.status()).as(created.text()).isEqualTo(201);
        assertThat(created.header("location")).isEqualTo(RULES + "/a");
        JsonNode document = created.json();
        assertThat(document.at("/metadata/namespace").asString()).isEqualTo("default");
        assertThat(document.at("/status/phase").asString()).isEqualTo("Active");
        String etag = created.header("etag");

        Reply got = api.get(RULES + "/a");
        assertThat(got.status()).isEqualTo(200);
        assertThat(got.header("etag")).isEqualTo(etag);
        assertThat(got.json().at("/spec/percentage").asInt()).isEqualTo(40);
        assertThat(api.get(RULES + "/a", "if-none-match", etag).status()).isEqualTo(304);

        Reply patched = api.call(
                "PATCH",
                RULES + "/a",
                "{\"spec\":{\"percentage\":7}}",
                "content-type",
                "application/merge-patch+json",
                "if-match",
                etag);
        assertThat(patched.status()).as(patched.text()).isEqualTo(200);
        assertThat(patched.json().at("/spec/percentage").asInt()).isEqualTo(7);
        assertThat(patched.json().at("/metadata/generation").asInt()).isEqualTo(2);
        assertThat(api.call("PUT", RULES + "/a", rule("a"), "if-match", etag).status())
                .isEqualTo(412);
        assertThat(api.call("PUT", RULES + "/a", rule("a"), "if-none-match", "*")
                        .status())
                .isEqualTo(412);
        assertThat(api.call("PUT", RULES + "/a", rule("a")).status()).isEqualTo(200);
        assertThat(api.call("PUT", RULES + "/b", rule("b")).status()).isEqualTo(201);
        assertThat(api.call("PUT", RULES + "/c", rule("c"), "if-match", "*").status())
                .isEqualTo(412);

        assertThat(api.call("DELETE", RULES + "/a", null).status()).isEqualTo(200);
        assertThat(api.get(RULES + "/a").status()).isEqualTo(404);
        assertThat(api.call("DELETE", RULES + "/a", null).status()).isEqualTo(404);
    }

    @Test
    void whatWasGotCanBePutBack() {
        api.call("POST", RULES, rule("a"));
        String yaml = api.get(RULES + "/a", "accept", "application/yaml").text();
        assertThat(yaml).contains("resourceVersion:", "status:").doesNotContain("{\"");
        Reply put = api.call("PUT", RULES + "/a", yaml);
        assertThat(put.status()).as(put.text()).isEqualTo(200);
        // The version that it was got at is a condition, and holds no more.
        Reply again = api.call("PUT", RULES + "/a", yaml);
        assertThat(again.status()).isEqualTo(412);
    }

    @Test
    void problemsNameTheFieldAndItsPlace() {
        Reply reply =
                api.call("POST", RULES, rule("a").replace("503", "99").replace("percentage: 40", "percentag: 40"));
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.header("content-type")).isEqualTo("application/problem+json");
        JsonNode error = reply.json().path("errors").get(0);
        assertThat(error.path("field").asString()).isEqualTo("spec.percentag");
        assertThat(error.path("line").asInt()).isEqualTo(6);
        assertThat(error.path("column").asInt()).isEqualTo(3);
        assertThat(error.path("problem").asString()).contains("percentage");
        assertThat(reply.json().path("type").asString()).isEqualTo("urn:mishap:problem:invalid");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "POST|" + RULES + "|{\"a\":1|application/json|400|is no JSON",
                "POST|" + RULES + "|{\"a\":1,\"a\":2}|application/json|400|Duplicate",
                "POST|" + RULES
                        + "|- kind: FaultRule|application/yaml|400|expected one FaultRule, a mapping with apiVersion and kind, found a list",
                "POST|" + RULES + "|a: 1|text/csv|415|expected content-type application/json, application/yaml",
                "POST|" + RULES + "|a: 1|application/yaml; charset=latin1|415|UTF-8",
                "PATCH|" + RULES + "/a|{}|application/json|415|application/merge-patch+json",
                "PATCH|" + RULES + "/a|{\"spec\":{}}|application/merge-patch+json|404|no rule default/a",
                "PATCH|" + RULES + "/a|[1]|application/merge-patch+json|400|expected an object",
                "POST|" + RULES + "?dryrun=true|a: 1|application/yaml|400|did you mean 'dryRun'",
                "GET|" + RULES + "?watch=maybe||application/yaml|400|watch",
                "POST|/api/v1/namespaces/-x/rules|a: 1|application/yaml|400|namespace must be",
                "POST|/api/v1/rules:stop|{}|application/json|400|all: true",
                "POST|/api/v1/rules:stop|{\"al\":true}|application/json|400|did you mean 'all'",
            })
    void badRequestsAreTold(String method, String path, String body, String type, int status, String detail) {
        Reply reply = api.call(method, path, body, "content-type", type);
        assertThat(reply.status()).as(reply.text()).isEqualTo(status);
        assertThat(reply.detail()).contains(detail);
    }

    @Test
    void listsInParts() {
        for (int i = 0; i < 7; i++) {
            api.call("POST", RULES, rule("r" + i).replace("team: pay", "team: t" + i % 2));
        }
        api.call("POST", "/api/v1/namespaces/staging/rules", rule("s"));
        List<String> names = new ArrayList<>();
        String next = "";
        do {
            JsonNode part = api.get(RULES + "?limit=3" + next).json();
            part.path("items")
                    .forEach(item -> names.add(item.at("/metadata/name").asString()));
            String token = part.at("/metadata/continue").asString("");
            next = token.isEmpty() ? "" : "&continue=" + token;
        } while (!next.isEmpty());
        assertThat(names).containsExactly("r0", "r1", "r2", "r3", "r4", "r5", "r6");
        assertThat(api.get("/api/v1/rules").json().path("items").size()).isEqualTo(8);
        assertThat(api.get(RULES + "?labelSelector=team%3Dt0")
                        .json()
                        .path("items")
                        .size())
                .isEqualTo(4);
        assertThat(api.get(RULES + "?labelSelector=%3D%3D").status()).isEqualTo(400);
        assertThat(api.get(RULES + "?limit=0").status()).isEqualTo(400);
        assertThat(api.get(RULES + "?continue=nonsense").status()).isEqualTo(410);
    }

    @Test
    void aRepeatedRequestIsAnsweredAsTheFirstTime() {
        Reply first = api.call("POST", RULES, rule("a"), "idempotency-key", "k1");
        Reply second = api.call("POST", RULES, rule("a"), "idempotency-key", "k1");
        assertThat(second.status()).isEqualTo(201);
        assertThat(second.header("idempotency-replayed")).isEqualTo("true");
        assertThat(second.json().at("/metadata/uid").asString())
                .isEqualTo(first.json().at("/metadata/uid").asString());
        assertThat(api.call("POST", RULES, rule("b"), "idempotency-key", "k1").status())
                .isEqualTo(422);
        assertThat(api.call("POST", RULES, rule("a")).status()).isEqualTo(409);
    }

    @Test
    void aDryRunWritesNothingAndTellsWhoCannotHonourIt() {
        api.fleet.honours = List.of(
                new FleetView.Honour("n1", "checkout", List.of("our extension"), List.of(), List.of()),
                new FleetView.Honour(
                        "n2", "checkout", List.of(), List.of("spec.scope.cohort: HTTPFault has none"), List.of()));
        api.call("POST", RULES, rule("other"));
        Reply reply = api.call("POST", RULES + "?dryRun=true", rule("a"));
        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
        JsonNode json = reply.json();
        assertThat(json.path("outcome").asString()).isEqualTo("created");
        assertThat(json.at("/honouring/honoured").asInt()).isEqualTo(1);
        assertThat(json.at("/honouring/nodes/1/reasons/0").asString()).contains("cohort");
        assertThat(json.at("/overlaps/0/rules").toString()).isEqualTo("[\"a\",\"other\"]");
        assertThat(api.get(RULES + "/a").status()).isEqualTo(404);
        Reply real = api.call("POST", RULES, rule("a"));
        assertThat(real.json().at("/status/honouring/notHonoured").asInt()).isEqualTo(1);
        Reply patch = api.call(
                "PATCH",
                RULES + "/a?dryRun=true",
                "{\"spec\":{\"percentage\":1}}",
                "content-type",
                "application/merge-patch+json");
        assertThat(patch.json().path("outcome").asString()).isEqualTo("configured");
        assertThat(api.get(RULES + "/a").json().at("/spec/percentage").asInt()).isEqualTo(40);
    }

    @Test
    void whoIsRefusedIsRecorded() {
        assertThat(api.get("/api/v1/rules", "authorization", "Bearer mishap_guessed")
                        .status())
                .isEqualTo(401);
        String viewer = api.token("viewer", Grant.of(Role.VIEWER, List.of("staging"), ""));
        assertThat(api.call(
                                "POST",
                                "/api/v1/fleet:stop",
                                "{}",
                                "authorization",
                                "Bearer " + viewer,
                                "content-type",
                                "application/json")
                        .status())
                .isEqualTo(403);
        api.refused.flush();
        assertThat(String.join("\n", api.audit.records))
                .contains("\"who\":\"unknown\"", "listAllRules", "\"who\":\"token:viewer\"", "stopFleet", "403: ")
                .doesNotContain("mishap_guessed");
    }

    @Test
    void productionNeedsACapOrAReason() {
        String prod = "/api/v1/namespaces/prod-eu/rules";
        String uncapped = rule("a").replace("maxTrafficPercent: 5", "maxConcurrent: 5");
        Reply refused = api.call("POST", prod, uncapped);
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.json().at("/errors/0/field").asString()).isEqualTo("spec.limits.maxTrafficPercent");
        assertThat(api.call("POST", prod + "?dryRun=true", uncapped).status()).isEqualTo(403);
        // Whoever writes it in large letters means it.
        for (String shouted : List.of("PROD", "Prod-eu")) {
            assertThat(api.call("POST", "/api/v1/namespaces/" + shouted + "/rules", uncapped)
                            .status())
                    .as(shouted)
                    .isEqualTo(403);
        }
        assertThat(api.call("POST", prod, uncapped + "  override: {reason: agreed}\n")
                        .status())
                .isEqualTo(201);
        assertThat(api.call("POST", prod, rule("b")).status()).isEqualTo(201);
        Reply patch = api.call(
                "PATCH", prod + "/b", "{\"spec\":{\"limits\":null}}", "content-type", "application/merge-patch+json");
        assertThat(patch.status()).isEqualTo(403);
        // By its label, in any namespace.
        assertThat(api.call("POST", RULES, uncapped.replace("team: pay", "mishap.dev/environment: production"))
                        .status())
                .isEqualTo(403);
    }

    @Test
    void stopEndsWhatMatches() {
        api.call("POST", RULES, rule("a"));
        api.call("POST", RULES, rule("b").replace("spec:", "spec:\n  experimentId: EXP-1"));
        api.call("POST", RULES, rule("c"));
        Reply byName = api.call("POST", RULES + ":stop", "{\"names\":[\"c\"]}");
        assertThat(byName.json().path("items").size()).as(byName.text()).isEqualTo(1);
        Reply byExperiment = api.call("POST", "/api/v1/rules:stop", "{\"experimentId\":\"EXP-1\"}");
        assertThat(byExperiment.json().at("/items/0/metadata/name").asString()).isEqualTo("b");
        Reply all = api.call("POST", RULES + ":stop", "{\"all\":true}");
        assertThat(all.json().at("/items/0/metadata/name").asString()).isEqualTo("a");
        assertThat(api.get(RULES).json().path("items").size()).isZero();
    }

    @Test
    void theSwitchStopsTheFleetUntilItIsRearmed() {
        api.call("POST", RULES, rule("a"));
        assertThat(api.call("POST", "/api/v1/fleet:stop", "{\"reason\":\"incident\"}")
                        .json()
                        .path("engaged")
                        .asBoolean())
                .isTrue();
        assertThat(api.get(RULES + "/a").json().at("/status/phase").asString()).isEqualTo("Stopped");
        JsonNode fleet = api.get("/api/v1/fleet").json();
        assertThat(fleet.at("/killSwitch/reason").asString()).isEqualTo("incident");
        assertThat(api.call("POST", "/api/v1/fleet:rearm", null).status()).isEqualTo(200);
        assertThat(api.get(RULES + "/a").json().at("/status/phase").asString()).isEqualTo("Active");
    }

    @Test
    void theExampleOfTheDescriptionWorks() {
        Reply reply = api.call("POST", RULES, DocumentText.json(Examples.RULE));
        assertThat(reply.status()).as(reply.text()).isEqualTo(201);
        Reply patch = api.call(
                "PATCH",
                RULES + "/canary-503",
                "{\"spec\":{\"percentage\":10}}",
                "content-type",
                "application/merge-patch+json");
        assertThat(patch.status()).isEqualTo(200);
        assertThat(api.call(
                                "POST",
                                "/api/v1/tokens",
                                "{\"name\": \"a\", \"grants\": [{\"role\": \"admin\", \"namespaces\": []}]}")
                        .text())
                .contains("grants[0].namespaces", "leave it out");
        assertThat(api.call("POST", "/api/v1/tokens", DocumentText.json(Examples.TOKEN))
                        .status())
                .isEqualTo(201);
    }

    @Test
    void methodsAndPathsAreHttps() {
        Reply wrong = api.call("DELETE", RULES, null);
        assertThat(wrong.status()).isEqualTo(405);
        assertThat(wrong.header("allow")).isEqualTo("GET, HEAD, OPTIONS, POST");
        Reply options = api.call("OPTIONS", RULES, null);
        assertThat(options.status()).isEqualTo(204);
        assertThat(options.header("allow")).isEqualTo("GET, HEAD, OPTIONS, POST");
        Reply head = api.call("HEAD", RULES, null);
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.text()).isEmpty();
        assertThat(head.header("content-length")).isEqualTo(api.get(RULES).header("content-length"));
        assertThat(api.get("/nothing").status()).isEqualTo(404);
        assertThat(api.get(RULES, "accept", "text/html").status()).isEqualTo(406);
        assertThat(api.get(RULES, "accept", "text/html, application/yaml;q=0.5").header("content-type"))
                .isEqualTo("application/yaml");
        assertThat(api.get(RULES, "origin", "http://evil.example").status()).isEqualTo(401);
        assertThat(api.call("OPTIONS", RULES, null, "origin", "http://evil.example")
                        .header("access-control-allow-origin"))
                .isEmpty();
    }

    @Test
    void healthAndMetricsAreThere() {
        api.fleet.nodes = List.of(new FleetView.Node(
                "n1",
                "checkout",
                "default",
                "envoy",
                "1.40.0",
                "eu/a/",
                "10.0.0.1",
                api.now,
                List.of("ADS delta"),
                Map.of(),
                List.of(new FleetView.TypeState("t", "NACKED", 1, "2", "1", null, "no such field"))));
        assertThat(api.get("/healthz").text()).isEqualTo("ok\n");
        assertThat(api.get("/readyz").text()).isEqualTo("ok\n");
        api.call("POST", RULES, rule("a"));
        assertThat(api.get("/metrics").text())
                .contains(
                        "mishap_rules 1\n",
                        "mishap_fleet_nodes{state=\"NACKED\"} 1\n",
                        "mishap_api_requests_total{operation=\"createRule\",code=\"201\"} 1\n");
        JsonNode fleet = api.get("/api/v1/fleet?state=NACKED").json();
        assertThat(fleet.at("/items/0/types/0/error").asString()).isEqualTo("no such field");
        assertThat(api.get("/api/v1/fleet?node=n2").status()).isEqualTo(404);
        assertThat(api.get("/api/v1/fleet?node=n1").json().at("/items/0/rules").isArray())
                .isTrue();
    }
}
