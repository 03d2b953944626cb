package dev.mishap.rules.importer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.experiment.Injection;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Reset;
import dev.mishap.rules.match.HeaderMatcher;
import dev.mishap.rules.match.StringMatcher;
import dev.mishap.rules.yaml.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleFilesTest {
    private static ImportResult.Imported imported(String text) {
        ImportResult result = RuleFiles.read(text, "f.yaml");
        assertThat(result).as(result.toString()).isInstanceOf(ImportResult.Imported.class);
        return (ImportResult.Imported) result;
    }

    private static List<String> problems(String text) {
        return RuleFiles.read(text, "f.yaml") instanceof ImportResult.Refused refused
                ? refused.problems().stream().map(Problem::toString).toList()
                : List.of();
    }

    private static String guide() throws IOException {
        return Files.readString(Path.of("../examples/chaos-experiment-payment-degradation.yaml"));
    }

    @Test
    void theGuidesTemplateAsItIs() throws IOException {
        Experiment e = imported(guide()).experiments().get(0);
        assertThat(e.id()).isEqualTo("PAY-503-2024-Q4");
        assertThat(e.name()).isEqualTo("payment-gateway-503-injection");
        assertThat(e.namespace()).isEqualTo("prod-checkout");
        assertThat(e.isProduction()).isTrue();
        assertThat(e.injections()).singleElement().satisfies(i -> {
            assertThat(i.target()).isEqualTo("payment-gateway");
            assertThat(i.percentage()).isEqualTo(Percentage.ofPercent(40));
            assertThat(i.fault()).isEqualTo(Abort.http(503));
        });
        assertThat(e.blastRadius()).isEqualTo(Percentage.ofPercent(5));
        assertThat(e.duration()).isEqualTo(Duration.ofMinutes(2));
        assertThat(e.slos())
                .singleElement()
                .satisfies(s -> assertThat(s.text()).isEqualTo("checkout_success_rate >= 0.95"));
        assertThat(e.autoRollback()).isEqualTo(Experiment.AutoRollback.DEFAULT);
        assertThat(e.tag().baggage()).isTrue();
        assertThat(e.labels()).containsEntry("chaos.litmus.io/service-account", "chaos-operator");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "value: 'http_error' | value: 'cpu_hog' | spec.experiment.components.env[1].value: variable FAULT_TYPE: expected http_error, found 'cpu_hog'",
                "value: '503'        | value: '99'      | env[2].value: expected a whole number from 200 to 599, found '99'",
                "value: '40'         | value: '400'     | env[3].value: must be from 0 to 100 %, got 400 %",
                "value: '5'          | value: '50'      | env[4].value: blastRadius must be at most 5 % in production, got 50 %",
                "value: 'true'       | value: 'maybe'   | variable AUTO_ROLLBACK: expected true or false",
                "name: SLO_CHECK     | name: SLO_CHEK   | variable SLO_CHEK cannot be carried over",
                "name: ERROR_CODE    | name: ERR        | variable ERROR_CODE is missing",
                "appLabel: app=payment-gateway | appLabel: gateway | expected one label such as app=payment-gateway, found 'gateway'",
                "appns: prod-checkout | appns: other    | cannot be carried over: differs from metadata.namespace",
                "appns: prod-checkout | appnss: x       | spec.engine.appnss: cannot be carried over; did you mean 'appns'?",
                "kind: ChaosExperiment | kind: ChaosEngine | expected kind ChaosExperiment",
            })
    void whatTheTemplateCannotCarryIsNamed(String from, String to, String problem) throws IOException {
        String text = guide().replaceFirst(java.util.regex.Pattern.quote(from), to);
        assertThat(text).isNotEqualTo(guide());
        assertThat(problems(text)).anyMatch(p -> p.contains(problem));
    }

    private static String engine(String fault, String env) {
        return """
                apiVersion: litmuschaos.io/v1alpha1
                kind: ChaosEngine
                metadata: {name: shop-chaos, namespace: shop}
                spec:
                  engineState: active
                  annotationCheck: 'false'
                  appinfo: {appns: shop, applabel: 'app.kubernetes.io/name=carts', appkind: deployment}
                  chaosServiceAccount: litmus-admin
                  experiments:
                    - name: %s
                      spec:
                        components:
                          env:
                            - {name: TOTAL_CHAOS_DURATION, value: '60'}
                            - {name: TARGET_SERVICE_PORT, value: '80'}
                            - {name: PODS_AFFECTED_PERC, value: ''}
                %s
                """.formatted(fault, env.indent(12));
    }

    @Test
    void litmusStatusCode() {
        ImportResult.Imported result = imported(
                engine(
                        "pod-http-status-code",
                        "- {name: STATUS_CODE, value: '500'}\n- {name: TOXICITY, value: '30'}\n- {name: RESPONSE_BODY, value: sorry}"));
        Experiment e = result.experiments().get(0);
        assertThat(e.injections()).singleElement().satisfies(i -> {
            assertThat(i.target()).isEqualTo("carts");
            assertThat(i.percentage()).isEqualTo(Percentage.ofPercent(30));
            assertThat(i.fault()).isEqualTo(Abort.http(500, "sorry"));
        });
        assertThat(e.blastRadius()).isEqualTo(Percentage.FULL);
        assertThat(e.duration()).isEqualTo(Duration.ofMinutes(1));
        assertThat(result.notes()).anyMatch(n -> n.contains("TARGET_SERVICE_PORT"));
    }

    @Test
    void litmusLatencyAndReset() {
        assertThat(imported(engine("pod-http-latency", "- {name: LATENCY, value: '2000'}"))
                        .experiments()
                        .get(0)
                        .injections())
                .extracting(Injection::fault)
                .containsExactly(new Delay(Duration.ofSeconds(2)));
        assertThat(imported(engine("pod-http-reset-peer", "- {name: RESET_TIMEOUT, value: '100'}"))
                        .experiments()
                        .get(0)
                        .injections())
                .extracting(Injection::fault)
                .containsExactly(new Delay(Duration.ofMillis(100)), new Reset());
    }

    @Test
    void theChaosExperimentInTheFileGivesTheDefaults() {
        String definition = """
                ---
                apiVersion: litmuschaos.io/v1alpha1
                kind: ChaosExperiment
                metadata: {name: pod-http-latency}
                description: {message: slow}
                spec:
                  definition:
                    scope: Namespaced
                    image: litmuschaos/go-runner
                    env:
                      - {name: LATENCY, value: '1500'}
                      - {name: SOCKET_PATH, value: /run/containerd/containerd.sock}
                """;
        assertThat(imported(engine("pod-http-latency", "") + definition)
                        .experiments()
                        .get(0)
                        .injections()
                        .get(0)
                        .fault())
                .isEqualTo(new Delay(Duration.ofMillis(1500)));
        assertThat(problems(definition)).anyMatch(p -> p.contains("has no target"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pod-http-modify-body   | - {name: RESPONSE_BODY, value: x}   | fault 'pod-http-modify-body' cannot be carried over",
                "pod-http-modify-header | - {name: HEADERS_MAP, value: '{}'}  | fault 'pod-http-modify-header' cannot be carried over",
                "pod-network-loss       | - {name: X, value: x}               | fault 'pod-network-loss' cannot be carried over",
                "pod-http-latency       | - {name: JITTER, value: '3'}        | variable LATENCY is missing",
                "pod-http-latency       | - {name: JITTER, value: '3'}        | variable JITTER cannot be carried over",
                "pod-http-status-code   | '- {name: STATUS_CODE, value: \"500,503\"}' | expected a whole number from 200 to 599, found '500,503'",
                "pod-http-status-code   | '- {name: CONTENT_TYPE, value: text/html}' | variable CONTENT_TYPE cannot be carried over: the body of an abort is text/plain",
                "pod-http-status-code   | '- {name: PODS_AFFECTED_PERC, value: \"50\"}' | variable PODS_AFFECTED_PERC cannot be carried over",
            })
    void whatLitmusHasAndWeHaveNotIsNamed(String fault, String env, String problem) {
        assertThat(problems(engine(fault, env))).anyMatch(p -> p.contains(problem));
    }

    @Test
    void aDelayedResetIsDrawnOnceOrNotCarried() {
        assertThat(problems(engine(
                        "pod-http-reset-peer", "- {name: RESET_TIMEOUT, value: '5'}\n- {name: TOXICITY, value: '50'}")))
                .anyMatch(p -> p.contains("drawn apart"));
    }

    private static String virtualService(String http) {
        return "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ratings, namespace: shop}\nspec:\n  hosts: [ratings]\n  http:\n"
                + http.indent(4);
    }

    @Test
    void istioDelayAndAbortAreRulesOfTheirOwn() {
        List<FaultRule> rules = imported(virtualService("""
                - match: [{headers: {end-user: {exact: jason}}, uri: {prefix: /ratings}, method: {exact: GET}}]
                  fault:
                    delay: {percentage: {value: 12.34567}, fixedDelay: 7s}
                    abort: {percentage: {value: 100.0}, httpStatus: 555}
                  route: [{destination: {host: ratings, subset: v1}}]
                - route: [{destination: {host: ratings}}]
                """)).rules();
        assertThat(rules).extracting(FaultRule::name).containsExactly("ratings-1-delay", "ratings-1-abort");
        assertThat(rules.get(0).percentage()).isEqualTo(new Percentage(123_456));
        assertThat(rules.get(0).fault()).isEqualTo(new Delay(Duration.ofSeconds(7)));
        assertThat(rules.get(1).percentage()).isEqualTo(Percentage.FULL);
        assertThat(rules.get(1).scope().path()).isEqualTo(StringMatcher.prefix("/ratings"));
        assertThat(rules.get(1).scope().methods()).containsExactly("GET");
        assertThat(rules.get(1).scope().headers()).contains(HeaderMatcher.of("end-user", StringMatcher.exact("jason")));
        HeaderMatcher hosts = rules.get(0).scope().headers().get(0);
        assertThat(hosts.name()).isEqualTo(":authority");
        for (String host : List.of("ratings", "Ratings:9080", "ratings.shop", "ratings.shop.svc.cluster.local:80")) {
            assertThat(hosts.compile().test(host)).as(host).isTrue();
        }
        for (String host : List.of("ratingsx", "ratings.other", "reviews", "ratings.shop.svc.evil")) {
            assertThat(hosts.compile().test(host)).as(host).isFalse();
        }
    }

    @Test
    void anAbsentPercentageIsNoRequestAtAllAsInIstio() {
        ImportResult.Imported result = imported(virtualService("- fault: {abort: {httpStatus: 500}}\n"));
        assertThat(result.rules().get(0).percentage()).isEqualTo(Percentage.ZERO);
        assertThat(result.notes()).anyMatch(n -> n.contains("0 %"));
        assertThat(imported(virtualService("- fault: {abort: {percent: 30, grpcStatus: UNAVAILABLE}}\n"))
                        .rules()
                        .get(0))
                .satisfies(r -> assertThat(r.percentage()).isEqualTo(Percentage.ofPercent(30)))
                .satisfies(r -> assertThat(r.fault()).isEqualTo(Abort.grpc(14)));
    }

    @Test
    void aLaterRouteLeavesOutWhatAnEarlierOneTakes() {
        FaultRule rule = imported(virtualService("""
                - match: [{headers: {end-user: {exact: jason}}}, {withoutHeaders: {x-real: {}}}]
                  route: []
                - fault: {abort: {percentage: {value: 10}, httpStatus: 500}}
                """)).rules().get(0);
        assertThat(rule.scope().headers())
                .contains(
                        new HeaderMatcher("end-user", StringMatcher.exact("jason"), null, null, true),
                        new HeaderMatcher("x-real", null, false, null, true));
        assertThat(problems(virtualService("- match: [{uri: {prefix: /a}}]\n- fault: {abort: {httpStatus: 500}}\n")))
                .singleElement()
                .asString()
                .contains("spec.http[0].match[0]");
        assertThat(imported(
                                virtualService(
                                        "- match: [{uri: {prefix: /a}}]\n- match: [{uri: {prefix: /b}}]\n  fault: {abort: {httpStatus: 500}}\n"))
                        .rules())
                .hasSize(1);
        assertThat(problems(virtualService("- route: []\n- fault: {abort: {httpStatus: 500}}\n")))
                .anyMatch(p -> p.contains("never reached"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "fault: {delay: {exponentialDelay: 1s, percentage: {value: 1}}}                     | fault.delay.exponentialDelay: cannot be carried over",
                "fault: {abort: {http2Error: x, percentage: {value: 1}}}                            | fault.abort.http2Error: cannot be carried over",
                "fault: {abort: {grpcStatus: '14'}}                                                 | expected a gRPC status such as UNAVAILABLE, found '14'",
                "fault: {abort: {httpStatus: 500, percentage: {value: 101}}}                        | expected a percentage from 0 to 100, found '101'",
                "{match: [{port: 80}], fault: {abort: {httpStatus: 500}}}                           | match[0].port: cannot be carried over",
                "{match: [{sourceLabels: {a: b}}], fault: {abort: {httpStatus: 500}}}               | match[0].sourceLabels: cannot be carried over",
                "{match: [{queryParams: {a: {exact: b}}}], fault: {abort: {httpStatus: 500}}}       | match[0].queryParams: cannot be carried over",
                "{match: [{ignoreUriCase: true, uri: {exact: /}}], fault: {abort: {httpStatus: 500}}} | ignoreUriCase: cannot be carried over",
                "{bogus: 1, fault: {abort: {httpStatus: 500}}}                                      | bogus: cannot be carried over",
                "route: []                                                                          | has no http[].fault",
            })
    void whatIstioHasAndWeHaveNotIsNamed(String route, String problem) {
        assertThat(problems(virtualService("- " + route + "\n"))).anyMatch(p -> p.contains(problem));
    }

    @Test
    void anUnknownResourceIsToldWhatIsKnown() {
        assertThat(problems("apiVersion: v1\nkind: Pod\n"))
                .singleElement()
                .asString()
                .startsWith("f.yaml:1:1: ")
                .contains("apiVersion v1 with kind Pod is not known", "VirtualService", "mishap.dev/v1");
        assertThat(problems("- a\n"))
                .singleElement()
                .asString()
                .contains("expected a mapping with apiVersion and kind");
        assertThat(problems("")).containsExactly("f.yaml: holds no document");
    }

    @Test
    void variablesCanBeReplaced() throws IOException {
        ImportResult.Imported result =
                (ImportResult.Imported) RuleFiles.read(guide(), "f.yaml", java.util.Map.of("PERCENTAGE", "7"));
        assertThat(result.experiments().get(0).injections().get(0).percentage()).isEqualTo(Percentage.ofPercent(7));
        assertThat(RuleFiles.read(guide(), "f.yaml", java.util.Map.of("PERCENT", "7"))
                        .toString())
                .contains("nothing in the file reads the variable PERCENT");
    }

    @Test
    void filesMayMixFormats() throws IOException {
        ImportResult.Imported result = imported(
                guide() + "\n---\n" + virtualService("- fault: {abort: {httpStatus: 500}}\n")
                        + "\n---\napiVersion: mishap.dev/v1\nkind: FaultRule\nmetadata: {name: r}\nspec: {fault: {reset: {}}}\n");
        assertThat(result.rules()).hasSize(2);
        assertThat(result.experiments()).hasSize(1);
    }
}
