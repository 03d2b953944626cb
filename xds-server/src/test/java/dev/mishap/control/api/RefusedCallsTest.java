package dev.mishap.control.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.control.api.ApiFixture.FakeAudit;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.Role;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RefusedCallsTest {
    private final FakeAudit audit = new FakeAudit();
    private final AtomicLong nanos = new AtomicLong();
    private final Caller viewer = new Caller("token:v", "10.0.0.2", List.of(Grant.everything(Role.VIEWER)));

    private static ProblemException problem(ProblemKind kind) {
        return new ProblemException(kind, "no: " + kind);
    }

    @Test
    void callsThatAreAlikeAreOneRecord() {
        try (RefusedCalls refused = new RefusedCalls(audit, nanos::get)) {
            for (int i = 0; i < 1000; i++) {
                refused.failed(null, "10.0.0.1", "createRule", problem(ProblemKind.UNAUTHENTICATED));
            }
            refused.failed(viewer, "10.0.0.2", "stopFleet", problem(ProblemKind.FORBIDDEN));
            refused.failed(viewer, "10.0.0.2", "createRule", problem(ProblemKind.INVALID));
        }
        String all = String.join("\n", audit.records);
        assertThat(all).contains("\"who\":\"token:v\"").contains("403: no: FORBIDDEN");
        assertThat(all).doesNotContain("INVALID");
        // The timer may have taken some of them before the others had come.
        assertThat(audit.records).hasSizeBetween(2, 3);
        assertThat(all).contains("calls)").contains("access.denied").contains("\"from\":\"10.0.0.1\"");
    }

    @Test
    void aFloodIsBounded() {
        try (RefusedCalls refused = new RefusedCalls(audit, nanos::get)) {
            for (int i = 0; i < 10_000; i++) {
                refused.failed(null, "10.0." + i / 256 + "." + i % 256, "x", problem(ProblemKind.TOO_MANY));
            }
            refused.flush();
            assertThat(audit.records).hasSize(100);
            assertThat(audit.records.toString()).contains("calls of others are not told one by one");
            nanos.addAndGet(60_000_000_000L);
            refused.flush();
            assertThat(audit.records).hasSize(102);
        }
    }
}
