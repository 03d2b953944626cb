package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.control.rules.RuleInput;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.rules.importer.ImportResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deletes rules. */
@Command(
        name = "delete",
        description = "Delete rules, whose faults end at once, or the records of experiments' runs.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap delete rule canary-503 slow-db -n staging",
            "  mishap delete -f rules.yaml --ignore-not-found",
            "",
            ClientCommand.EXIT_CODES
        })
final class DeleteCommand extends ClientCommand {
    @Mixin
    private Place place = new Place();

    @Parameters(paramLabel = "KIND NAME", arity = "0..*", description = "'rule' or 'experiment', and the names.")
    private List<String> words = List.of();

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            description = "The rules that a file names; - = standard input. Many times.")
    private List<String> files = List.of();

    @Option(names = "--ignore-not-found", description = "One that is not there is no failure.")
    private boolean ignoreNotFound;

    @Override
    int run(ApiClient client) throws ApiException {
        List<RuleKey> keys = new ArrayList<>();
        String namespace = place.of(client);
        if (!words.isEmpty()
                && (words.get(0).equals("experiment") || words.get(0).equals("experiments"))) {
            if (words.size() == 1 || !files.isEmpty()) {
                throw bad("give the names of runs: experiment NAME …");
            }
            return deleteRuns(client, namespace);
        }
        if (!words.isEmpty()) {
            if (!words.get(0).equals("rule") && !words.get(0).equals("rules")) {
                throw bad("expected 'rule NAME …' or 'experiment NAME …', found '" + words.get(0) + "'");
            }
            words.subList(1, words.size()).forEach(name -> keys.add(new RuleKey(namespace, name)));
        }
        for (String file : files) {
            try {
                RuleInput input = RuleInput.file(file, System.in);
                if (input.result() instanceof ImportResult.Imported imported) {
                    imported.fleetRules()
                            .forEach(rule ->
                                    keys.add(RuleDocument.of(rule, namespace).key()));
                } else if (input.result() instanceof ImportResult.Refused refused) {
                    throw bad(String.join(
                            "\n",
                            refused.problems().stream().map(Object::toString).toList()));
                }
            } catch (IllegalArgumentException e) {
                throw bad(String.valueOf(e.getMessage()));
            }
        }
        if (keys.isEmpty()) {
            throw bad("give names ('rule NAME …') or -f FILE; `mishap stop` ends rules by experiment or all of them");
        }
        int exit = Mishap.OK;
        for (RuleKey key : keys) {
            try {
                client.call("DELETE", Place.rule(key.namespace(), key.name()), null, "", Map.of());
                out().println("rule " + key + " deleted");
            } catch (ApiException e) {
                if (e.status() != 404) {
                    throw e;
                }
                if (!ignoreNotFound) {
                    fail(e);
                    exit = Mishap.NO;
                }
            }
        }
        return exit;
    }

    private int deleteRuns(ApiClient client, String namespace) throws ApiException {
        int exit = Mishap.OK;
        for (String name : words.subList(1, words.size())) {
            try {
                client.call("DELETE", Place.experiment(namespace, name), null, "", Map.of());
                out().println("experiment " + namespace + '/' + name + " deleted");
            } catch (ApiException e) {
                if (e.status() != 404) {
                    throw e;
                }
                if (!ignoreNotFound) {
                    fail(e);
                    exit = Mishap.NO;
                }
            }
        }
        return exit;
    }
}
