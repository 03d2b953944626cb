package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The chaos guide's experiment, as its file is, against two real services behind two proxies. */
class RunDemoIT {
    @TempDir
    Path directory;

    private Tools.Result demo(String demo) {
        return demo("chaos-experiment-payment-degradation.yaml", demo);
    }

    private Tools.Result demo(String example, String demo) {
        Path file = Tools.root().resolve("examples").resolve(example);
        return Tools.run(
                directory,
                180,
                List.of(
                        Tools.launcher().toString(),
                        "run",
                        file.toString(),
                        demo,
                        "--time-scale",
                        "0.1",
                        "--seed",
                        "7",
                        "--report",
                        "report"));
    }

    @ParameterizedTest
    @CsvSource({
        "--demo, 0, HYPOTHESIS_HELD",
        // Which of the two is seen first depends on how many requests fall into a poll.
        "--demo=broken-fallback, 1, SLO_BREACHED|ERROR_RATE_SPIKE",
        "--demo=sick, 2, NOT_IN_STEADY_STATE"
    })
    void theVerdictIsTheExitCode(String demo, int exit, String reason) throws IOException {
        Tools.Result result = demo(demo);
        assertThat(result.exit()).as(result.out() + result.err()).isEqualTo(exit);
        assertThat(result.err()).isEmpty();
        String report = Files.readString(directory.resolve("report/report.json"));
        assertThat(report).containsPattern("\"reason\" : \"(" + reason + ")\"");
        assertThat(directory.resolve("report/report.html")).isNotEmptyFile();
        assertThat(directory.resolve("report/junit.xml")).isNotEmptyFile();
        assertThat(result.out().lines().filter(line -> !line.startsWith("[PAY-503-2024-Q4] ")))
                .isEmpty();
    }

    /** The guide's question: how does the circuit breaker handle a 3-second DNS time-out? */
    @ParameterizedTest
    @CsvSource({"--demo=dns, 0, HYPOTHESIS_HELD", "--demo=dns-without-breaker, 1, SLO_BREACHED"})
    void aDnsTimeOutOfThreeSeconds(String demo, int exit, String reason) throws IOException {
        Tools.Result result = demo("dns-timeout-experiment.yaml", demo);
        assertThat(result.exit()).as(result.out() + result.err()).isEqualTo(exit);
        assertThat(Files.readString(directory.resolve("report/report.json")))
                .contains("\"reason\" : \"" + reason + "\"");
        assertThat(Files.readString(directory.resolve("report/demo/dns-access.log")))
                .contains("payments.internal 0 DI 3", "experiment=DNS-TIMEOUT-2026-Q1");
    }

    @Test
    void theReportsCountsAreThoseOfTheServices() throws IOException {
        Tools.Result result = demo("--demo");
        assertThat(result.exit()).as(result.out() + result.err()).isZero();
        long touched = number(
                "\"touched\" : (\\d+),\\s+\"suppressedByCap\"",
                Files.readString(directory.resolve("report/report.json")));
        assertThat(touched).isPositive();
        // Each touched payment made an order go to the queue, or a retry from the queue fail once more.
        assertThat(number("(\\d+) queued", result.out())).isPositive().isLessThanOrEqualTo(touched);
        assertThat(result.out()).contains("0 are left").contains(", 0 failed (5xx)");
        assertThat(Files.readAllLines(directory.resolve("report/demo/payment-gateway-access.log")).stream()
                        .filter(line -> line.contains(" 503 FI ") && line.contains("experiment=PAY-503-2024-Q4"))
                        .count())
                .isEqualTo(touched);
        List<String> log = Files.readAllLines(directory.resolve("report/demo/checkout.log"));
        assertThat((long) log.size()).isEqualTo(number("checkout counted (\\d+) requests", result.out()));
        // A fault answers in the proxy's place, so no touched request ever reaches the gateway.
        List<String> payments = Files.readAllLines(directory.resolve("report/demo/payment-gateway.log"));
        assertThat((long) payments.size()).isEqualTo(number("payment-gateway counted (\\d+) requests", result.out()));
    }

    private static long number(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
        return Long.parseLong(matcher.group(1));
    }
}
