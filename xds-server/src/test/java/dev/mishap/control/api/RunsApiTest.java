package dev.mishap.control.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.api.ApiFixture.Reply;
import dev.mishap.control.runs.RunRecords;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.Role;
import dev.mishap.control.store.Page;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RunsApiTest {
    private static final String RUNS = "/api/v1/namespaces/pay/experiments";
    private static final String EXPERIMENT =
            "\"experiment\":{\"id\":\"PAY-1\",\"name\":\"pay\",\"hypothesis\":\"it holds\"}";

    private final ApiFixture api = new ApiFixture(null, null, dev.mishap.control.http.HttpOptions.at("127.0.0.1", 0));
    private final String runner = "Bearer " + api.token("runner", Grant.of(Role.OPERATOR, List.of("pay"), ""));
    private final String viewer = "Bearer " + api.token("viewer", Grant.of(Role.VIEWER, List.of("pay"), ""));

    @AfterEach
    void close() {
        api.close();
    }

    private Reply put(String who, String name, String more) {
        return api.call("PUT", RUNS + "/" + name, "{" + EXPERIMENT + "," + more + "}", "authorization", who);
    }

    private Reply get(String who, String path) {
        return api.get(path, "authorization", who);
    }

    @Test
    void aRunIsToldOfFromItsBeginToItsEnd() {
        assertThat(put(runner, "run-1", "\"phase\":\"baseline\"").status()).isEqualTo(201);
        api.now = api.now.plusSeconds(30);
        assertThat(put(runner, "run-1", "\"phase\":\"injection\"").status()).isEqualTo(200);
        Reply listed = get(viewer, "/api/v1/experiments?experimentId=PAY-1");
        assertThat(listed.json().at("/items/0/phase").asString())
                .as(listed.text())
                .isEqualTo("injection");
        assertThat(listed.json().at("/items/0/by").asString()).isEqualTo("token:runner");
        assertThat(get(viewer, "/api/v1/experiments?experimentId=X")
                        .json()
                        .path("items")
                        .size())
                .isZero();
        api.now = api.now.plusSeconds(61);
        assertThat(get(viewer, RUNS + "/run-1").json().path("phase").asString()).isEqualTo("lost");
        Reply done = put(
                runner,
                "run-1",
                "\"phase\":\"done\",\"verdict\":{\"exitCode\":0,\"reason\":\"HELD\",\"explanation\":\"it did\",\"recovered\":true},"
                        + "\"report\":{\"kind\":\"ExperimentReport\"}");
        assertThat(done.status()).as(done.text()).isEqualTo(200);
        Reply run = get(viewer, RUNS + "/run-1");
        assertThat(run.json().at("/report/kind").asString()).isEqualTo("ExperimentReport");
        assertThat(run.json().at("/verdict/exitCode").asInt()).isZero();
        assertThat(run.json().path("phases").size()).isEqualTo(3);
        assertThat(run.json().path("ended").asString()).isEqualTo(api.now.toString());
        // It is over: nobody rewrites it.
        assertThat(put(
                                runner,
                                "run-1",
                                "\"phase\":\"done\",\"verdict\":{\"exitCode\":1,\"reason\":\"X\",\"explanation\":\"\"}")
                        .status())
                .isEqualTo(409);
        Page audit =
                api.store.list("audit/new/", null, 100, 0).toCompletableFuture().join();
        assertThat(audit.entries().toString()).isNotEmpty();
        assertThat(audit.entries().stream().map(e -> e.value().utf8()))
                .anyMatch(line -> line.contains("experiment.begin"))
                .anyMatch(line -> line.contains("experiment.end") && line.contains("HELD: it did"));
        assertThat(api.call("DELETE", RUNS + "/run-1", null, "authorization", viewer)
                        .status())
                .isEqualTo(403);
        assertThat(api.call("DELETE", RUNS + "/run-1", null, "authorization", runner)
                        .status())
                .isEqualTo(200);
        assertThat(get(viewer, RUNS + "/run-1").status()).isEqualTo(404);
    }

    @Test
    void whoMayNotIsRefusedAndMistakesAreTold() {
        assertThat(put(viewer, "run-1", "\"phase\":\"baseline\"").status()).isEqualTo(403);
        assertThat(put(runner, "run-1", "\"phase\":\"baseline\"").status()).isEqualTo(201);
        String other = "Bearer " + api.token("other", Grant.everything(Role.OPERATOR));
        assertThat(put(other, "run-1", "\"phase\":\"injection\"").detail()).contains("is of token:runner");
        String elsewhere = "Bearer " + api.token("elsewhere", Grant.of(Role.VIEWER, List.of("x"), ""));
        assertThat(get(elsewhere, RUNS).status()).isEqualTo(403);
        assertThat(get(elsewhere, "/api/v1/experiments").json().path("items").size())
                .isZero();
        assertThat(put(runner, "run-1", "\"phase\":\"done\"").detail()).contains("verdict: goes with the phase done");
        assertThat(put(runner, "run-2", "\"phase\":\"begun\"").detail()).contains("expected baseline, injection");
        assertThat(put(runner, "run-2", "\"phase\":\"baseline\",\"report\":7").status())
                .isEqualTo(400);
        String large =
                "x".repeat(100_000) + "\u00e4".repeat(450_000); // 1,000,000 bytes, of which the server takes 921,600
        assertThat(put(runner, "run-2", "\"phase\":\"baseline\",\"report\":{\"notes\":\"" + large + "\"}")
                        .detail())
                .contains("report: is larger than 921600 bytes");
        assertThat(put(runner, "a%2Fb", "\"phase\":\"baseline\"").status()).isEqualTo(400);
        assertThat(get(runner, RUNS + "?continue=%20").status()).isEqualTo(400);
        assertThat(put(runner, "run-3", "\"phase\":\"recovery\"").status()).isEqualTo(201);
        assertThat(put(runner, "run-3", "\"phase\":\"baseline\"").detail()).contains("does not go back");
    }

    @Test
    void theOldestThatAreOverGo() {
        for (int i = 0; i < RunRecords.KEPT + 2; i++) {
            assertThat(put(
                                    runner,
                                    "r" + i,
                                    "\"phase\":\"done\",\"verdict\":{\"exitCode\":0,\"reason\":\"HELD\",\"explanation\":\"\"}")
                            .status())
                    .isEqualTo(201);
            api.now = api.now.plusMillis(1);
        }
        assertThat(get(viewer, RUNS + "/r0").status()).isEqualTo(404);
        assertThat(get(viewer, RUNS + "/r" + (RunRecords.KEPT + 1)).status()).isEqualTo(200);
    }
}
