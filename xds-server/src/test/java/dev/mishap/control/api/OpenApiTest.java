package dev.mishap.control.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.api.ApiFixture.Reply;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class OpenApiTest {
    private static final String RULES = "/api/v1/namespaces/default/rules";

    private final ApiFixture api = new ApiFixture();
    private final JsonNode document = api.get("/openapi.json").json();
    private final Schemas schemas = new Schemas(document);

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void everyRouteIsInIt() {
        assertThat(document.path("openapi").asString()).isEqualTo("3.1.0");
        List<String> described = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        document.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(operation -> {
                    described.add(operation.getKey().toUpperCase(java.util.Locale.ROOT) + ' ' + path.getKey());
                    JsonNode value = operation.getValue();
                    assertThat(ids.add(value.path("operationId").asString())).isTrue();
                    assertThat(value.path("summary").asString()).isNotEmpty();
                    assertThat(value.path("responses").isEmpty()).isFalse();
                }));
        List<String> served = new ArrayList<>();
        api.server
                .routes()
                .forEach(route ->
                        served.add(route.method() + ' ' + route.template().replace("*", "")));
        assertThat(described).containsExactlyInAnyOrderElementsOf(served).hasSizeGreaterThan(15);
    }

    @Test
    void whatIsSaidOfPathsHolds() {
        // Each path answers by its own methods, and the others with 405 and these.
        document.path("paths").properties().forEach(path -> {
            String concrete = path.getKey()
                    .replace("{namespace}", "default")
                    .replace("{name}", "x")
                    .replace("{path}", "x");
            Set<String> expected = new java.util.TreeSet<>(Set.of("OPTIONS"));
            path.getValue().propertyNames().forEach(m -> expected.add(m.toUpperCase(java.util.Locale.ROOT)));
            if (expected.contains("GET")) {
                expected.add("HEAD");
            }
            assertThat(api.call("OPTIONS", concrete, null).header("allow"))
                    .as(concrete)
                    .isEqualTo(String.join(", ", expected));
        });
    }

    @Test
    void itsReferencesLeadSomewhereAndItsExamplesAreValid() {
        Matcher references = Pattern.compile("\"\\$ref\":\\s*\"#([^\"]+)\"").matcher(document.toString());
        int seen = 0;
        while (references.find()) {
            seen++;
            assertThat(document.at(references.group(1)).isObject())
                    .as(references.group(1))
                    .isTrue();
        }
        assertThat(seen).isGreaterThan(100);
        int[] examples = {0};
        document.path("paths")
                .forEach(path -> path.forEach(operation -> operation
                        .at("/requestBody/content")
                        .forEach(content -> {
                            if (content.has("example")) {
                                examples[0]++;
                                String schema =
                                        content.at("/schema/$ref").asString().replaceAll(".*/", "");
                                assertThat(schemas.violations(schema, content.path("example")))
                                        .isEmpty();
                            }
                        })));
        assertThat(examples[0]).isGreaterThanOrEqualTo(5);
    }

    @Test
    void answersAreWhatItSays() {
        api.fleet.honours = List.of(new FleetView.Honour("n", "c", List.of(), List.of("no"), List.of()));
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
                Map.of("faults", "HTTP"),
                List.of(new FleetView.TypeState("t", "ACKED", 1, "2", "2", api.now, null))));
        String rule = ApiFixture.RULE.formatted("a") + "  ttl: 5m\n";
        valid("DryRun", api.call("POST", RULES + "?dryRun=true", rule), 200);
        valid("StoredRule", api.call("POST", RULES, rule), 201);
        valid("StoredRule", api.get(RULES + "/a"), 200);
        valid("RuleList", api.get(RULES), 200);
        valid("Fleet", api.get("/api/v1/fleet?node=n1"), 200);
        valid("KillSwitch", api.call("POST", "/api/v1/fleet:stop", "{}"), 200);
        valid("RuleList", api.call("POST", RULES + ":stop", "{\"all\":true}"), 200);
        valid("Token", api.call("POST", "/api/v1/tokens", "{\"name\":\"a\",\"grants\":[{\"role\":\"viewer\"}]}"), 201);
        valid("TokenList", api.get("/api/v1/tokens"), 200);
        valid("Caller", api.get("/api/v1/whoami"), 200);
        valid("AuditList", api.get("/api/v1/audit"), 200);
        valid("Problem", api.call("POST", RULES, "a: 1"), 400);
        valid("Problem", api.get(RULES + "/none"), 404);
    }

    private void valid(String schema, Reply reply, int status) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(status);
        assertThat(schemas.violations(schema, reply.json())).as(reply.text()).isEmpty();
    }

    @Test
    void itsPageNeedsNothingFromElsewhere() {
        assertThat(api.get("/docs").header("location")).isEqualTo("/docs/");
        Reply page = api.get("/docs/");
        assertThat(page.status()).isEqualTo(200);
        assertThat(page.text()).doesNotContain("http:").doesNotContain("https:").doesNotContain("<script>");
        assertThat(page.header("content-security-policy"))
                .contains("default-src 'none'", "script-src 'self';", "connect-src 'self'")
                .doesNotContain("http:");
        Matcher files = Pattern.compile("(?:src|href)=\"([^\"]+)\"").matcher(page.text());
        int seen = 0;
        while (files.find()) {
            seen++;
            assertThat(api.get("/docs/" + files.group(1)).status())
                    .as(files.group(1))
                    .isEqualTo(200);
        }
        assertThat(seen).isEqualTo(4);
        assertThat(api.get("/docs/../openapi.json").status()).isNotEqualTo(500);
        assertThat(api.get("/docs/package.json").status()).isEqualTo(404);
    }
}
