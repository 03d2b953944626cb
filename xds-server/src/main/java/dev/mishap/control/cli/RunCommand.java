package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.control.demo.Demo;
import dev.mishap.control.demo.DemoMode;
import dev.mishap.control.experiment.ExperimentRun;
import dev.mishap.control.experiment.RunOptions;
import dev.mishap.control.experiment.RunPlan;
import dev.mishap.control.experiment.RunResult;
import dev.mishap.control.report.Headline;
import dev.mishap.control.report.JsonReport;
import dev.mishap.control.report.ReportContext;
import dev.mishap.control.report.Reports;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.rules.experiment.Experiment;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs an experiment and exits with its verdict. */
@Command(
        name = "run",
        description = "Run a chaos experiment and judge it.",
        footerHeading = "%nExit codes:%n",
        footer = {
            "  0    the hypothesis held, and the system recovered",
            "  1    an SLO was breached, or the system did not recover in time",
            "  2    it could not be judged: not in steady state, no request touched, metrics lost, bad input",
            "  130  interrupted; the faults were taken back",
        })
final class RunCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The experiment: ours, or Litmus's, as YAML or JSON.")
    private Path file;

    @Option(
            names = "--target",
            paramLabel = "SERVICE=URL",
            description =
                    "Admin address of a proxy that the requests to SERVICE go through; faults act there. Repeatable.")
    private List<String> targets = List.of();

    @Option(
            names = "--observe",
            paramLabel = "SERVICE=URL",
            description =
                    "Admin address of a proxy in front of SERVICE, which counts what its callers see. Repeatable.")
    private List<String> observed = List.of();

    @Option(names = "--prometheus", paramLabel = "URL", description = "Where queries go; without /api/v1.")
    private @Nullable URI prometheus;

    @Option(
            names = "--query",
            paramLabel = "METRIC=PROMQL",
            description = "What gives the metric of an SLO. Repeatable.")
    private List<String> queries = List.of();

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            description = "For proxies whose rules API wants one. Default: the environment variable MISHAP_API_TOKEN.")
    private @Nullable String token;

    @Option(
            names = "--demo",
            arity = "0..1",
            paramLabel = "MODE",
            fallbackValue = "healthy",
            description =
                    "Start two services behind two proxies and experiment on them: healthy, broken-fallback, sick, dns or dns-without-breaker. Default: healthy.")
    private @Nullable String demo;

    @Option(
            names = "--server",
            paramLabel = "URL",
            description =
                    "Record the run in this control plane; with the token and files of the context, or MISHAP_API_TOKEN.")
    private @Nullable String server;

    @Option(
            names = "--context",
            paramLabel = "NAME",
            description = "Record the run in the control plane of this context (see `mishap config`).")
    private @Nullable String context;

    @Option(
            names = "--dry-rules",
            description =
                    "Touch nothing: the rules are dry runs, and what they would have touched is counted and judged as usual.")
    private boolean dryRules;

    @Option(
            names = "--time-scale",
            paramLabel = "FACTOR",
            description = "Shorten the phases, such as 0.1; not leases, time-outs or injected delays. Default: 1.")
    private double timeScale = 1;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of the draws. Default: the experiment's, else a random one, which is told.")
    private @Nullable Long seed;

    @Option(
            names = "--set",
            paramLabel = "NAME=VALUE",
            description = "Replace an environment value of a Litmus experiment. Repeatable.")
    private List<String> sets = List.of();

    private List<String> imported = List.of();

    @ArgGroup(exclusive = false)
    private Output output = new Output();

    @Option(
            names = "--dry-run",
            description = "Check everything that can be checked without a proxy, print what would be done, do nothing.")
    private boolean dryRun;

    /** Where results go. */
    static final class Output {
        @Option(names = "--report", paramLabel = "DIR", description = "Write reports into this directory.")
        private @Nullable Path directory;

        @Option(
                names = "--report-format",
                split = ",",
                paramLabel = "FORMAT",
                description = "Which reports: ${COMPLETION-CANDIDATES}. Default: all.")
        private @Nullable List<Reports.Format> formats;

        @Option(names = "--json", description = "Print the JSON report to stdout; all else goes to stderr.")
        private boolean json;
    }

    @Override
    public Integer call() throws Exception {
        // Progress stays off stdout when that is for programs.
        PrintWriter out =
                output.json ? spec.commandLine().getErr() : spec.commandLine().getOut();
        ExperimentFile loaded = ExperimentFile.load(file, assignments("--set", sets));
        Experiment experiment = loaded.experiment();
        imported = loaded.notes();
        if (seed != null || experiment.seed() == null) {
            experiment = experiment.withSeed(seed != null ? seed : (Long) (new SecureRandom().nextLong() >>> 16));
        }
        checkFlags();
        DemoMode mode = demoMode();
        if (mode != null && !(targets.isEmpty() && observed.isEmpty())) {
            throw new ParameterException(
                    spec.commandLine(), "--demo brings its own targets: leave --target and --observe out");
        }
        if (dryRun) {
            return printPlan(experiment, mode, out);
        }
        HttpClient http = client();
        Interrupts interrupts = Interrupts.handle();
        try {
            if (output.directory != null) {
                Reports.prepare(output.directory);
            }
            return mode == null
                    ? run(
                            experiment,
                            addresses("--target", targets),
                            addresses("--observe", observed),
                            http,
                            out,
                            interrupts,
                            null)
                    : runDemo(experiment, mode, http, out, interrupts);
        } finally {
            interrupts.close();
        }
    }

    private static HttpClient client() {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(2))
                .build();
    }

    /** What would otherwise be noticed minutes later, or never. */
    private void checkFlags() {
        if (output.directory == null && output.formats != null) {
            throw new ParameterException(spec.commandLine(), "--report-format is of no use without --report DIR");
        }
        if (prometheus != null
                && (!ProxyAddresses.isHttp(prometheus)
                        || prometheus.getRawQuery() != null
                        || prometheus.getRawFragment() != null)) {
            throw new ParameterException(
                    spec.commandLine(), "--prometheus " + prometheus + ": expected http://HOST:PORT");
        }
        String secret = secret();
        if (secret != null && !secret.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new ParameterException(
                    spec.commandLine(), "the token may have only visible ASCII characters, and no blanks");
        }
    }

    private @Nullable String secret() {
        return token == null ? System.getenv("MISHAP_API_TOKEN") : token;
    }

    private int runDemo(Experiment experiment, DemoMode mode, HttpClient http, PrintWriter out, Interrupts interrupts)
            throws Exception {
        String launcher = System.getenv("MISHAP_LAUNCHER");
        if (launcher == null) {
            throw new IOException(
                    "--demo starts proxies with the launcher: run `mishap run`, or set MISHAP_LAUNCHER to its path");
        }
        Path kept = output.directory;
        boolean temporary = kept == null;
        Path directory = kept == null ? Files.createTempDirectory("mishap-demo-") : kept.resolve("demo");
        out.println("[" + experiment.id() + "] starting the demo (" + mode + ")");
        out.flush();
        // The demo's traffic has a client of its own, so that it cannot keep the run from reaching the proxies.
        try (Demo world = new Demo(mode, launcher, client(), directory.toAbsolutePath())) {
            world.description().forEach(line -> out.println("[" + experiment.id() + "]   " + line));
            out.flush();
            return run(experiment, world.targets(), world.observed(), http, out, interrupts, world);
        } finally {
            if (temporary) {
                delete(directory);
            }
        }
    }

    private int run(
            Experiment experiment,
            Map<String, List<URI>> at,
            Map<String, List<URI>> watched,
            HttpClient http,
            PrintWriter out,
            Interrupts interrupts,
            @Nullable Demo world)
            throws IOException {
        RunPlan plan = RunPlan.of(experiment, options(at, watched));
        RunConsole console =
                new RunConsole(out, experiment.id(), System.console() != null && !"dumb".equals(System.getenv("TERM")));
        String runId = UUID.randomUUID().toString();
        try (RunRecorder recorder = recorder(console, experiment, runId)) {
            return run(plan, http, console, recorder, runId, interrupts, world);
        }
    }

    /** Null = nobody is to be told. A run that was to be recorded and cannot be does not begin. */
    private @Nullable RunRecorder recorder(RunConsole console, Experiment experiment, String runId) throws IOException {
        if (server == null && context == null) {
            return null;
        }
        ApiClient client;
        try {
            client = new ApiClient(Connection.context(spec.commandLine(), context, server), Duration.ofSeconds(10));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
        String own = experiment.namespace() == null ? client.context().namespace() : experiment.namespace();
        String namespace = own == null ? RuleKey.DEFAULT_NAMESPACE : own;
        RunRecorder recorder = new RunRecorder(console, client, namespace, experiment, runId);
        try {
            recorder.begin();
        } catch (ApiException e) {
            recorder.close();
            throw new IOException("the run cannot be recorded, so it does not begin: " + e.getMessage(), e);
        }
        console.say("recorded as experiment " + namespace + '/' + runId + " in "
                + client.context().server());
        return recorder;
    }

    private int run(
            RunPlan plan,
            HttpClient http,
            RunConsole console,
            @Nullable RunRecorder recorder,
            String runId,
            Interrupts interrupts,
            @Nullable Demo world)
            throws IOException {
        ExperimentRun run = new ExperimentRun(plan, http, recorder == null ? console : recorder, runId);
        interrupts.onSignal(run::interrupt);
        RunResult result = run.run();
        List<String> notes = new ArrayList<>(imported);
        if (world != null) {
            notes.addAll(world.finish());
        }
        console.endLiveLine();
        if (recorder != null) {
            recorder.end(
                    result.verdict(), JsonReport.write(result, RunFacts.context(result, commandLine(result), notes)));
        }
        finish(result, notes, console);
        return result.verdict().exitCode();
    }

    private void finish(RunResult result, List<String> notes, RunConsole console) throws IOException {
        ReportContext context = RunFacts.context(result, commandLine(result), notes);
        context.faults().forEach(fault -> console.say("fault: " + fault));
        RunFacts.summary(result).forEach(console::say);
        notes.forEach(console::say);
        result.remarks().forEach(console::say);
        try {
            if (output.directory != null) {
                Set<Reports.Format> formats =
                        output.formats == null ? EnumSet.allOf(Reports.Format.class) : EnumSet.copyOf(output.formats);
                for (Path written : Reports.write(result, context, output.directory, formats)) {
                    console.say("report: " + written);
                }
            }
            if (output.json) {
                spec.commandLine().getOut().print(JsonReport.write(result, context));
                spec.commandLine().getOut().flush();
            }
        } finally {
            // A full disk must not cost the verdict.
            console.say(Headline.of(result.verdict()) + " (exit "
                    + result.verdict().exitCode() + "): " + result.verdict().explanation());
        }
    }

    private int printPlan(Experiment experiment, @Nullable DemoMode mode, PrintWriter out) {
        URI none = URI.create("http://127.0.0.1:0");
        RunPlan plan = mode == null
                ? RunPlan.of(experiment, options(addresses("--target", targets), addresses("--observe", observed)))
                : RunPlan.of(
                        experiment,
                        options(Map.of("payment-gateway", List.of(none)), Map.of("checkout", List.of(none))));
        RunFacts.plan(plan).forEach(out::println);
        imported.forEach(out::println);
        out.flush();
        return Mishap.OK;
    }

    private RunOptions options(Map<String, List<URI>> at, Map<String, List<URI>> watched) {
        return new RunOptions(at, watched, prometheus, assignments("--query", queries), secret(), timeScale, dryRules);
    }

    private @Nullable DemoMode demoMode() {
        if (demo == null) {
            return null;
        }
        for (DemoMode mode : DemoMode.values()) {
            if (mode.toString().equals(demo)) {
                return mode;
            }
        }
        throw new ParameterException(
                spec.commandLine(),
                "--demo=" + demo
                        + ": expected healthy, broken-fallback, sick, dns or dns-without-breaker (and FILE before --demo)");
    }

    private String commandLine(RunResult result) {
        StringBuilder line = new StringBuilder("mishap run ").append(file);
        targets.forEach(target -> line.append(" --target ").append(target));
        observed.forEach(service -> line.append(" --observe ").append(service));
        queries.forEach(query -> line.append(" --query '").append(query).append('\''));
        sets.forEach(set -> line.append(" --set '").append(set).append('\''));
        if (prometheus != null) {
            line.append(" --prometheus ").append(prometheus);
        }
        if (demo != null) {
            line.append(demo.equals("healthy") ? " --demo" : " --demo=" + demo);
        }
        if (dryRules) {
            line.append(" --dry-rules");
        }
        if (timeScale != 1) {
            line.append(" --time-scale ").append(timeScale);
        }
        return line.append(" --seed ").append(result.plan().experiment().seed()).toString();
    }

    private Map<String, List<URI>> addresses(String flag, List<String> pairs) {
        try {
            return ProxyAddresses.parse(flag, pairs);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
    }

    private Map<String, String> assignments(String flag, List<String> pairs) {
        Map<String, String> values = new TreeMap<>();
        for (String pair : pairs) {
            int equals = pair.indexOf('=');
            if (equals <= 0) {
                throw new ParameterException(spec.commandLine(), flag + " " + pair + ": expected NAME=VALUE");
            }
            values.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return values;
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        }
    }
}
