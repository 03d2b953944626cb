package dev.mishap.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.server.Options;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages and exit codes are those that Envoy 1.40 gave for the same arguments. */
class ProxyMainTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... arguments) {
        PrintStream o = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream e = new PrintStream(err, true, StandardCharsets.UTF_8);
        return new ProxyMain(o, e).run(arguments);
    }

    private static Options options(String... arguments) {
        return CommandLine.parse(arguments).options();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--zzz | --zzz -- Couldn't find match for argument",
                "extra | extra -- Couldn't find match for argument",
                "--concurrency=2 | --concurrency=2 -- Couldn't find match for argument",
                "-lzzz | -lzzz -- Couldn't find match for argument",
                "--concurrency abc | (--concurrency) -- Couldn't read argument value from string 'abc'",
                "--concurrency 99999999999 | (--concurrency) -- Couldn't read argument value from string '99999999999'",
                "--concurrency | (--concurrency) -- Missing a value for this argument!",
                "--log-level | -l (--log-level) -- Missing a value for this argument!",
                "-c a --config-path b | -c (--config-path) -- Argument already set!",
            })
    void parseErrorsComeWithTheUsage(String arguments, String last) {
        assertThat(run(arguments.split(" "))).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("PARSE ERROR: Argument: ")
                .contains("Brief USAGE: ", "[--base-id <uint32_t>]", "--help")
                .endsWith(last + "\n");
        assertThat(out.size()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-l zzz | error: invalid log level specified 'zzz'",
                "--mode zzz | error: unknown mode 'zzz'",
                "--component-log-level foo | error: component log level not correctly specified 'foo'",
                "--component-log-level upstream:zzz | error: invalid log level specified 'zzz'",
                "--component-log-level zzz:debug | error: invalid component specified 'zzz'",
                "--component-log-level upstream:debug,x | error: component log level not correctly specified 'x'",
                "--drain-strategy zzz | error: unknown drain-strategy 'zzz'",
                "--local-address-ip-version v5 | error: unknown IP address version 'v5'",
                "--restart-epoch 1 --use-dynamic-base-id | error: cannot use --restart-epoch=1 with --use-dynamic-base-id",
                "--stats-tag foo | error: misformatted stats-tag 'foo'",
                "--stats-tag a_b:c | error: misformatted stats-tag 'a_b:c' contains invalid char in 'a_b'",
                "--stats-tag a:b.c | error: misformatted stats-tag 'a:b.c' contains invalid char in 'b.c'",
            })
    void badValues(String arguments, String message) {
        assertThat(run(arguments.split(" "))).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo(message + "\n");
    }

    @ParameterizedTest
    @CsvSource({
        "--disable-extensions a/b, --disable-extensions",
        "--enable-fine-grain-logging, --enable-fine-grain-logging",
        "--restart-epoch 1, --restart-epoch"
    })
    void whatIsNotSupportedIsRefusedByName(String arguments, String name) {
        assertThat(run(arguments.split(" "))).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("error: " + name)
                .contains("is not supported");
    }

    @Test
    void versionHelpAndHotRestartVersion() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .matches("\nmishap proxy  version: [^/]+/1\\.40\\.0/Clean/RELEASE/\\w+\n\n");
        out.reset();
        assertThat(run("-h")).isZero();
        for (Flag flag : Flags.ALL) {
            assertThat(out.toString(StandardCharsets.UTF_8)).contains("--" + flag.name());
        }
        out.reset();
        assertThat(run("--hot-restart-version")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("disabled");
        assertThat(err.size()).isZero();
    }

    @Test
    void everyFlagOfEnvoyIsThere() {
        // The flags of envoy --help, 1.40.
        for (String name :
                ("stats-tag enable-core-dump socket-mode socket-path disable-extensions cpuset-threads enable-mutex-tracing"
                                + " disable-hot-restart mode parent-shutdown-time-s drain-strategy drain-time-s file-flush-min-size-kb file-flush-interval-msec"
                                + " service-zone service-node service-cluster hot-restart-version restart-epoch log-path enable-fine-grain-logging"
                                + " log-format-escaped log-format component-log-level log-level local-address-ip-version admin-address-path"
                                + " log-stacktrace-single-entry skip-deprecated-logs ignore-unknown-dynamic-fields reject-unknown-dynamic-fields"
                                + " allow-unknown-static-fields allow-unknown-fields config-yaml config-path concurrency base-id-path"
                                + " skip-hot-restart-parent-stats skip-hot-restart-on-no-parent use-dynamic-base-id base-id ignore_rest version help")
                        .split(" ")) {
            assertThat(Flags.of("--" + name)).as(name).isNotNull();
        }
    }

    @Test
    void optionsOfASidecar() {
        Options options = options(
                "-c",
                "/etc/envoy.yaml",
                "--drain-time-s",
                "45",
                "--drain-strategy",
                "immediate",
                "--parent-shutdown-time-s",
                "60",
                "--service-cluster",
                "sleep.default",
                "--service-node",
                "sidecar~1",
                "--local-address-ip-version",
                "v4",
                "-l",
                "warn",
                "--component-log-level",
                "misc:error,upstream:debug",
                "--concurrency",
                "2",
                "--stats-tag",
                "team:x",
                "--disable-hot-restart",
                "--restart-epoch",
                "3",
                "--",
                "--zzz");
        assertThat(options.configPath()).isEqualTo("/etc/envoy.yaml");
        assertThat(options.drainTimeSeconds()).isEqualTo(45);
        assertThat(options.drainImmediately()).isTrue();
        assertThat(options.log().level()).isEqualTo("warning");
        assertThat(options.log().componentLevels())
                .containsEntry("misc", "error")
                .containsEntry("upstream", "debug");
        assertThat(options.concurrency()).isEqualTo(2);
        assertThat(options.statsTags()).containsEntry("team", "x");
        assertThat(options.restartEpoch()).isEqualTo(3);
        assertThat(options.validateOnly()).isFalse();
    }

    @Test
    void defaults() {
        Options options = options("--config-yaml", "{}");
        assertThat(options.drainTimeSeconds()).isEqualTo(600);
        assertThat(options.fileFlushIntervalMillis()).isEqualTo(10_000);
        assertThat(options.fileFlushMinSizeKb()).isEqualTo(64);
        assertThat(options.concurrency()).isEqualTo(Runtime.getRuntime().availableProcessors());
        assertThat(options.log().format()).isEqualTo(Options.LogOptions.DEFAULT_FORMAT);
        assertThat(options("--concurrency", "0").concurrency()).isEqualTo(1);
    }

    @Test
    void validate(@TempDir Path dir) throws Exception {
        Path file = Files.writeString(dir.resolve("a.yaml"), "node: {id: a}\n");
        String log = dir.resolve("log").toString();
        assertThat(run("--mode", "validate", "-c", file.toString(), "--log-path", log))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("configuration '" + file + "' OK\n");
        out.reset();
        Files.writeString(file, "node: {idd: a}\n");
        assertThat(run("--mode", "validate", "-c", file.toString(), "--log-path", log))
                .isEqualTo(1);
        assertThat(Path.of(log))
                .content()
                .contains(
                        "[critical][main]",
                        "error initializing configuration '" + file
                                + "': Protobuf message (type envoy.config.bootstrap.v3.Bootstrap"
                                + " reason INVALID_ARGUMENT: invalid JSON in envoy.config.bootstrap.v3.Bootstrap @ node: message"
                                + " envoy.config.core.v3.Node, near 1:13: no such field: 'idd') has unknown fields");
        assertThat(out.size()).isZero();
        assertThat(run("--mode", "validate", "-c", file.toString(), "--allow-unknown-static-fields", "--log-path", log))
                .isZero();
        assertThat(Path.of(log)).content().contains("[warning][config]", "Unknown field: invalid JSON in");
    }

    @Test
    void nothingToRun(@TempDir Path dir) throws Exception {
        String log = dir.resolve("log").toString();
        assertThat(run("--log-path", log)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualTo(
                        "At least one of --config-path or --config-yaml or Options::configProto() should be non-empty\n");
        err.reset();
        assertThat(run("-c", "/nonexistent/nofile.yaml", "--log-path", log)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("Invalid path: /nonexistent/nofile.yaml\n");
        assertThat(Path.of(log))
                .content()
                .contains("error `Invalid path: /nonexistent/nofile.yaml` initializing config");
        assertThat(run("--log-path", dir + "/none/x")).isEqualTo(1);
    }

    @Test
    void baseIdIsWrittenWhereAsked(@TempDir Path dir) throws Exception {
        Path file = dir.resolve("base");
        assertThat(run(
                        "--mode",
                        "validate",
                        "--config-yaml",
                        "{}",
                        "--base-id",
                        "7",
                        "--base-id-path",
                        file.toString()))
                .isZero();
        assertThat(file).hasContent("7");
        assertThatThrownBy(() -> options("--base-id", "-1")).isInstanceOf(CommandLine.UsageException.class);
    }
}
