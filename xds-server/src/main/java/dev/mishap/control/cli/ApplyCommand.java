package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.control.rules.RuleInput;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.importer.ImportResult;
import dev.mishap.rules.yaml.DocumentText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** Creates or replaces rules. */
@Command(
        name = "apply",
        description = "Create rules, or replace those that differ. One whose ttl runs has it begin anew.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap apply -f rules.yaml -n staging",
            "  mishap apply -f rules/ --dry-run",
            "  echo 'abort 503 40%% for 2m as canary' | mishap apply --fault -",
            "",
            ClientCommand.EXIT_CODES
        })
final class ApplyCommand extends ClientCommand {
    @Mixin
    private Place place = new Place();

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            description =
                    "A file of rules, a directory of such files (*.yaml, *.yml, *.json), or - for standard input. Many times.")
    private List<String> files = List.of();

    @Option(
            names = "--fault",
            paramLabel = "RULE",
            description = "A rule on one line, with 'as NAME'; - = lines of standard input. Many times.")
    private List<String> lines = List.of();

    @Option(
            names = "--dry-run",
            description =
                    "Have the control plane check all, and tell what would happen on which node; nothing is written.")
    private boolean dryRun;

    @Override
    int run(ApiClient client) throws ApiException {
        List<RuleDocument> documents = documents(place.of(client));
        int exit = Mishap.OK;
        for (RuleDocument document : documents) {
            try {
                if (dryRun) {
                    dryRun(client, document);
                } else {
                    apply(client, document);
                }
            } catch (ApiException e) {
                err().println("rule " + document.key() + ": refused");
                fail(e);
                exit = Mishap.NO;
                if (e.status() == 0 || e.status() == 401) {
                    // The others would fare no better.
                    break;
                }
            }
        }
        return exit;
    }

    private List<RuleDocument> documents(String namespace) {
        if (files.isEmpty() && lines.isEmpty()) {
            throw bad("give rules with -f FILE or --fault RULE");
        }
        List<RuleInput> inputs = new ArrayList<>();
        try {
            for (String file : files) {
                for (String each : expand(file)) {
                    inputs.add(RuleInput.file(each, System.in));
                }
            }
            for (String line : lines) {
                if (line.equals("-")) {
                    for (String each : new String(
                                    System.in.readNBytes(1 << 20), java.nio.charset.StandardCharsets.UTF_8)
                            .lines()
                            .filter(text -> !text.isBlank() && !text.startsWith("#"))
                            .toList()) {
                        inputs.add(RuleInput.line(each, inputs.size() + 1));
                    }
                } else {
                    inputs.add(RuleInput.line(line, inputs.size() + 1));
                }
            }
        } catch (IllegalArgumentException | IOException e) {
            throw bad(String.valueOf(e.getMessage()));
        }
        List<RuleDocument> documents = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (RuleInput input : inputs) {
            if (input.result() instanceof ImportResult.Imported imported) {
                imported.notes().forEach(note -> err().println("note: " + note));
                if (!imported.experiments().isEmpty()) {
                    problems.add(input.name() + ": holds an experiment, which is for `mishap run`");
                }
                for (FleetRule rule : imported.fleetRules()) {
                    documents.add(RuleDocument.of(rule, namespace));
                    String own = rule.namespace();
                    if (own != null && place.said() != null && !own.equals(place.said())) {
                        problems.add(input.name() + ": rule " + rule.rule().name() + " is for namespace '" + own
                                + "', and --namespace says '" + place.said() + "'");
                    }
                }
            } else if (input.result() instanceof ImportResult.Refused refused) {
                refused.problems().forEach(problem -> problems.add(problem.toString()));
            }
        }
        if (!problems.isEmpty()) {
            throw bad(String.join("\n", problems));
        }
        return documents;
    }

    private List<String> expand(String file) throws IOException {
        if (file.equals("-") || !Files.isDirectory(Path.of(file))) {
            return List.of(file);
        }
        try (Stream<Path> entries = Files.list(Path.of(file))) {
            List<String> found = entries.map(Path::toString)
                    .filter(name -> name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"))
                    .sorted()
                    .toList();
            if (found.isEmpty()) {
                throw bad(file + ": holds no *.yaml, *.yml or *.json");
            }
            return found;
        }
    }

    private void apply(ApiClient client, RuleDocument document) throws ApiException {
        String path = Place.rule(document.namespace(), document.rule().name());
        String etag = null;
        boolean same = false;
        try {
            ApiClient.Reply found = client.get(path);
            etag = found.header("etag");
            same = same(document, found.document());
        } catch (ApiException e) {
            if (e.status() != 404) {
                throw e;
            }
        }
        if (same && document.rule().ttl() == null) {
            say(document, "unchanged");
            return;
        }
        ApiClient.Reply reply = client.call(
                "PUT",
                path,
                DocumentText.jsonLine(document.write()),
                "application/json",
                etag == null ? Map.of("if-none-match", "*") : Map.of("if-match", etag));
        say(document, reply.status() == 201 ? "created" : same ? "renewed" : "configured");
        warn(reply.document().at("/status/honouring"));
    }

    /** Whether what the server has is what would be written. */
    private static boolean same(RuleDocument document, JsonNode found) {
        Map<String, Object> theirs = map(found);
        theirs.remove("status");
        if (theirs.get("metadata") instanceof Map<?, ?> metadata) {
            List.of("uid", "resourceVersion", "generation", "creationTimestamp", "updateTimestamp", "updatedBy")
                    .forEach(metadata::remove);
        }
        RuleDocument.Result read = RuleDocument.readOne(DocumentText.jsonLine(theirs), "server", document.namespace());
        return read.ok() && read.documents().get(0).equals(document);
    }

    private void dryRun(ApiClient client, RuleDocument document) throws ApiException {
        ApiClient.Reply reply = client.call(
                "PUT",
                Place.rule(document.namespace(), document.rule().name()) + "?dryRun=true",
                DocumentText.jsonLine(document.write()),
                "application/json",
                Map.of());
        JsonNode result = reply.document();
        say(document, text(result, "/outcome") + " (dry run)");
        warn(result.path("honouring"));
        for (JsonNode overlap : result.path("overlaps")) {
            out().println("  meets other rules on one request; drawn in this order:");
            overlap.path("outcome").forEach(line -> out().println("    " + text(line)));
        }
    }

    private void say(RuleDocument document, String what) {
        out().println("rule " + document.key() + ' ' + what);
    }

    private void warn(JsonNode honouring) {
        for (JsonNode node : honouring.path("nodes")) {
            String outcome = text(node, "/outcome");
            if (!outcome.equals("honoured")) {
                List<String> reasons = new ArrayList<>();
                node.path("reasons").forEach(reason -> reasons.add(text(reason)));
                err().println("warning: node " + text(node, "/node") + " honours it "
                        + (outcome.equals("partly") ? "in part" : "not") + ": " + String.join("; ", reasons));
            }
        }
    }
}
