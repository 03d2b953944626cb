package dev.mishap.control.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.api.ApiFixture;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClientCommandsTest {
    @TempDir
    private Path dir;

    private final ApiFixture api = new ApiFixture();

    @BeforeEach
    void config() {
        System.setProperty("mishap.config", dir.resolve("config.yaml").toString());
    }

    @AfterEach
    void close() {
        System.clearProperty("mishap.config");
        api.close();
    }

    private CommandRun run(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.add("--server");
        all.add(api.url());
        return CommandRun.of(all.toArray(new String[0]));
    }

    private String file(String name, String text) throws IOException {
        return Files.writeString(dir.resolve(name), text).toString();
    }

    @Test
    void aRunLeavesARecord() throws IOException {
        String experiment = file("experiment.yaml", """
                apiVersion: mishap.dev/v1
                kind: Experiment
                metadata: {name: payments, namespace: pay}
                spec:
                  targets: [payment-gateway]
                  faults: [{target: payment-gateway, percentage: 40, fault: {abort: {httpStatus: 503}}}]
                  slos: [checkout_success_rate >= 0.95]
                """);
        CommandRun run = run(
                "run",
                experiment,
                "--target",
                "payment-gateway=http://127.0.0.1:1",
                "--observe",
                "checkout=http://127.0.0.1:1");
        assertThat(run.exit()).as(run.toString()).isEqualTo(2);
        String name = run("get", "experiments", "-n", "pay", "-o", "name").out().strip();
        assertThat(name).startsWith("experiment/");
        assertThat(run("get", "experiments", "-A", "-o", "wide").out())
                .contains("payments", "done", "(2)", "anonymous", "NAMESPACE", "WHY");
        String id = name.substring(11);
        assertThat(run("describe", "experiment", id, "-n", "pay").out())
                .contains("Experiment:", "Verdict:", "(2): ", "Requests:     0 in scope");
        assertThat(run("get", "experiment", id, "-n", "pay", "-o", "json").out())
                .contains("ExperimentReport");
        assertThat(run("delete", "experiment", id, "-n", "pay").out()).isEqualTo("experiment pay/" + id + " deleted\n");
        assertThat(run("delete", "experiment", id, "-n", "pay").exit()).isEqualTo(1);
        assertThat(run("get", "experiments", "-n", "pay").err()).contains("no runs of experiments are recorded");
        assertThat(run("watch", "experiments").exit()).isEqualTo(2);
        // Nothing begins that was to be recorded and cannot be.
        CommandRun unreachable = CommandRun.of(
                "run",
                experiment,
                "--target",
                "payment-gateway=http://127.0.0.1:1",
                "--observe",
                "checkout=http://127.0.0.1:1",
                "--server",
                "http://127.0.0.1:1");
        assertThat(unreachable.exit()).isEqualTo(2);
        assertThat(unreachable.err()).contains("the run cannot be recorded, so it does not begin");
    }

    @Test
    void applyTellsWhatItDidWithEachRule() throws IOException {
        String rules = file("rules.yaml", ApiFixture.RULE.formatted("a") + "---\n" + ApiFixture.RULE.formatted("b"));
        assertThat(run("apply", "-f", rules).out()).isEqualTo("rule default/a created\nrule default/b created\n");
        assertThat(run("apply", "-f", rules).out()).isEqualTo("rule default/a unchanged\nrule default/b unchanged\n");
        file("rules.yaml", ApiFixture.RULE.formatted("a").replace("40", "41"));
        assertThat(run("apply", "-f", dir.toString()).out()).isEqualTo("rule default/a configured\n");
        String got = run("get", "rule", "a", "-o", "yaml").out();
        assertThat(got).contains("percentage: 41");
        // What was got is what can be applied.
        assertThat(run("apply", "--fault", "delay 100ms for 2m as d", "-n", "staging")
                        .out())
                .isEqualTo("rule staging/d created\n");
        assertThat(run("apply", "--fault", "delay 100ms for 2m as d", "-n", "staging")
                        .out())
                .isEqualTo("rule staging/d renewed\n");
    }

    @Test
    void applyReadsAllBeforeItWritesAnything() throws IOException {
        String rules = file(
                "rules.yaml",
                ApiFixture.RULE.formatted("a") + "---\n"
                        + ApiFixture.RULE.formatted("b").replace("503", "5"));
        CommandRun run = run("apply", "-f", rules);
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("rules.yaml:13:18:", "httpStatus").doesNotContain("Exception");
        assertThat(run("get", "rules").err()).contains("no rules found");
        assertThat(run("apply", "-f", dir.resolve("none.yaml").toString()).err())
                .contains("no such file");
        assertThat(run("apply").err()).contains("-f FILE");
    }

    @Test
    void whatTheServerRefusesIsOne() throws IOException {
        String rules =
                file("rules.yaml", ApiFixture.RULE.formatted("a").replace("maxTrafficPercent: 5", "maxConcurrent: 1"));
        CommandRun run = run("apply", "-f", rules, "-n", "prod");
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("spec.limits.maxTrafficPercent", "override");
        CommandRun nobody = CommandRun.of("get", "rules", "--server", "http://127.0.0.1:9");
        assertThat(nobody.exit()).isEqualTo(1);
        assertThat(nobody.err()).contains("connection refused", "mishap serve").doesNotContain("Exception");
        assertThat(CommandRun.of("get", "rules", "--server", "nonsense").exit()).isEqualTo(2);
    }

    @Test
    void getAndDescribeAndDelete() {
        run("apply", "--fault", "abort 503 40% when header x-user-tier = canary as a");
        run("apply", "--fault", "delay 1s for 2m as b", "-n", "staging");
        CommandRun table = run("get", "rules");
        assertThat(table.out()).contains("NAME", "PHASE", "Active").doesNotContain("staging");
        assertThat(run("get", "rules", "-A", "-o", "wide").out()).contains("staging", "anonymous");
        assertThat(run("get", "rules", "-A", "-o", "name").out()).isEqualTo("rule/a\nrule/b\n");
        assertThat(run("get", "rules", "-o", "json").out()).contains("\"kind\": \"FaultRuleList\"");
        assertThat(run("get", "rule", "zz").exit()).isEqualTo(1);
        assertThat(run("describe", "rule", "a").out()).contains("Phase:", "x-user-tier", "0 honour it");
        assertThat(run("apply", "--dry-run", "--fault", "abort 500 as c").out())
                .contains("rule default/c created (dry run)", "meets other rules");
        assertThat(run("delete", "rule", "a").out()).isEqualTo("rule default/a deleted\n");
        assertThat(run("delete", "rule", "a").exit()).isEqualTo(1);
        assertThat(run("delete", "rule", "a", "--ignore-not-found").exit()).isZero();
        assertThat(run("delete", "a").err()).contains("expected 'rule NAME");
        assertThat(run("delete", "rule", "../a").err()).contains("name must be 1 to 253 letters");
        CommandRun space = run("get", "rules", "-n", "a/b");
        assertThat(space.exit()).isEqualTo(2);
        assertThat(space.err()).contains("namespace must be 1 to 63 letters");
    }

    @Test
    void whatOthersWroteNeitherForgesALineNorSteersTheTerminal() {
        run("stop", "--all", "--reason", "x\n2  2026-01-01T00:00:00Z  root\u001b[2J\u202e");
        assertThat(run("fleet").out())
                .hasLineCount(1)
                .contains("x\\n2  2026", "root\\u001b[2J\\u202e")
                .doesNotContain("\u001b", "\u202e");
    }

    @Test
    void stopAndRearm() {
        run("apply", "--fault", "abort 503 as a");
        run("apply", "--fault", "abort 503 as b experiment X1");
        assertThat(run("stop", "--experiment", "X1").out()).isEqualTo("rule default/b stopped\n");
        assertThat(run("stop", "--all", "--reason", "incident").out()).contains("are stopped");
        assertThat(run("get", "rules").out()).contains("Stopped");
        assertThat(run("fleet").out() + run("fleet").err()).contains("ALL FAULTS ARE STOPPED by anonymous", "incident");
        assertThat(run("stop", "--rearm").exit()).isZero();
        assertThat(run("get", "rules").out()).contains("Active");
        assertThat(run("stop", "a").out()).isEqualTo("rule default/a stopped\n");
        assertThat(run("stop").err()).contains("say what to stop");
        assertThat(run("stop", "--all", "a").exit()).isEqualTo(2);
    }

    @Test
    void watchTellsChanges() {
        run("apply", "--fault", "abort 503 as a");
        CommandRun run = run("watch", "rules", "--count", "1");
        assertThat(run.exit()).isZero();
        assertThat(run.out()).startsWith("ADDED").contains("default/a");
    }

    @Test
    void watchGoesOnWhenTheServerWasGone() throws Exception {
        String event = "event: ADDED\ndata: {\"metadata\":{\"name\":\"a\"}}\n\n";
        String answer = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                + Integer.toHexString(event.length()) + "\r\n" + event + "\r\n";
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Dies in the middle of a stream, each time.
            Thread thread = new Thread(() -> {
                while (!server.isClosed()) {
                    try (Socket socket = server.accept()) {
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                                .lines()
                                .anyMatch(String::isEmpty);
                        socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException e) {
                        // The client went first, or the test has ended.
                    }
                }
            });
            thread.start();
            CommandRun run = CommandRun.of(
                    "watch",
                    "rules",
                    "--count",
                    "3",
                    "-o",
                    "name",
                    "--server",
                    "http://127.0.0.1:" + server.getLocalPort());
            assertThat(run.exit()).as(run.err()).isZero();
            assertThat(run.out()).isEqualTo("ADDED rule/a\n".repeat(3));
        }
    }

    @Test
    void tokensAndTheAuditLog() {
        CommandRun created = run("token", "create", "ci", "--role", "operator", "-n", "staging", "--ttl", "1h");
        assertThat(created.exit()).as(created.err()).isZero();
        String token = created.out().strip();
        assertThat(token).startsWith("mishap_").hasSizeGreaterThan(40);
        assertThat(run("token", "list").out())
                .contains("ci", "operator in staging")
                .doesNotContain(token);
        assertThat(run("apply", "--fault", "abort 503 as a", "-n", "staging", "--token", token)
                        .exit())
                .isZero();
        CommandRun refused = run("apply", "--fault", "abort 503 as a", "--token", token);
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err()).contains("token:ci needs the role viewer in namespace 'default'");
        assertThat(run("token", "revoke", "ci").exit()).isZero();
        CommandRun gone = run("get", "rules", "--token", token);
        assertThat(gone.err()).contains("not known, expired or revoked").doesNotContain(token);
        assertThat(run("audit").out()).contains("anonymous", "token.create  ci").doesNotContain(token);
        assertThat(run("audit", "-o", "json").out().lines()).hasSize(2);
        assertThat(run("token", "create", "x", "--role", "god").err()).contains("viewer, operator or admin");
    }

    @Test
    void contextsAreKeptInAFile() throws IOException {
        assertThat(CommandRun.of("config", "current-context").exit()).isEqualTo(1);
        assertThat(CommandRun.of(
                                "config",
                                "set-context",
                                "t",
                                "--server",
                                api.url(),
                                "-n",
                                "staging",
                                "--token",
                                "secret")
                        .exit())
                .isZero();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(dir.resolve("config.yaml"))))
                .isEqualTo("rw-------");
        assertThat(CommandRun.of("config", "current-context").out()).isEqualTo("t\n");
        assertThat(CommandRun.of("config", "view").out()).contains("REDACTED").doesNotContain("secret");
        assertThat(CommandRun.of("config", "view", "--raw").out()).contains("secret");
        CommandRun.of("config", "set-context", "t", "--token", "");
        CommandRun applied = CommandRun.of("apply", "--fault", "abort 503 as a");
        assertThat(applied.out()).as(applied.err()).isEqualTo("rule staging/a created\n");
        CommandRun.of("config", "set-context", "other", "--server", "http://127.0.0.1:9");
        CommandRun wrong = CommandRun.of("config", "use-context", "othr");
        assertThat(wrong.exit()).isEqualTo(2);
        assertThat(wrong.err()).contains("did you mean 'other'");
        assertThat(CommandRun.of("get", "rules", "--context", "t").out()).contains("Active");
        assertThat(CommandRun.of("config", "get-contexts").out()).contains("CURRENT", "*         t");
        Files.writeString(dir.resolve("config.yaml"), "contexts:\n- {name: a, sever: x}\n");
        assertThat(CommandRun.of("get", "rules").err()).contains("config.yaml:2:", "did you mean 'server'");
    }
}
