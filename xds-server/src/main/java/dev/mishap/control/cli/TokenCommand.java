package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.rules.yaml.DocumentText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** API tokens. */
@Command(
        name = "token",
        description = "Make, list and revoke API tokens. For admins.",
        subcommands = {TokenCommand.Create.class, TokenCommand.Listing.class, TokenCommand.Revoke.class})
final class TokenCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "expected create, list or revoke");
    }

    @Command(
            name = "create",
            description = "Make a token. It is printed this once and kept nowhere.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  mishap token create ci --role operator --namespace staging --ttl 720h > ci.token",
                "  mishap token create grafana --role viewer",
                "",
                ClientCommand.EXIT_CODES
            })
    static final class Create extends ClientCommand {
        @Parameters(index = "0", paramLabel = "NAME", description = "What it is called.")
        private String name = "";

        @Option(names = "--role", required = true, paramLabel = "ROLE", description = "viewer, operator or admin.")
        private String role = "";

        @Option(
                names = {"-n", "--namespace"},
                paramLabel = "NAMESPACE",
                description = "Only for this namespace; team-* for all that begin so. Many times. Default: all.")
        private List<String> namespaces = List.of();

        @Option(
                names = {"-l", "--selector"},
                paramLabel = "SELECTOR",
                description = "Only for rules with such labels.")
        private @Nullable String selector;

        @Option(
                names = "--ttl",
                paramLabel = "DURATION",
                description = "How long it works. Default: until it is revoked.")
        private @Nullable String ttl;

        @Override
        int run(ApiClient client) throws ApiException {
            Map<String, Object> grant = new LinkedHashMap<>();
            grant.put("role", role);
            if (!namespaces.isEmpty()) {
                grant.put("namespaces", namespaces);
            }
            if (selector != null) {
                grant.put("labels", selector);
            }
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("name", name);
            body.put("grants", List.of(grant));
            if (ttl != null) {
                body.put("ttl", ttl);
            }
            JsonNode token = client.call(
                            "POST", "/api/v1/tokens", DocumentText.jsonLine(body), "application/json", Map.of())
                    .document();
            out().println(text(token, "/token"));
            return Mishap.OK;
        }
    }

    @Command(name = "list", description = "List the tokens, without what is secret.", footer = ClientCommand.EXIT_CODES)
    static final class Listing extends ClientCommand {
        @Option(
                names = {"-o", "--output"},
                paramLabel = "FORM",
                description = "${COMPLETION-CANDIDATES}. Default: table.")
        private Output output = Output.table;

        @Override
        int run(ApiClient client) throws ApiException {
            JsonNode list = client.get("/api/v1/tokens").document();
            switch (output) {
                case json, yaml -> print(list, output);
                case name -> list.path("items").forEach(token -> out().println(text(token, "/name")));
                case table, wide -> {
                    Table table = new Table("NAME", "MAY", "AGE", "ENDS IN", "BY");
                    for (JsonNode token : list.path("items")) {
                        List<String> grants = new ArrayList<>();
                        for (JsonNode grant : token.path("grants")) {
                            List<String> where = new ArrayList<>();
                            grant.path("namespaces").forEach(n -> where.add(n.asString("")));
                            String labels = text(grant, "/labels");
                            grants.add(text(grant, "/role")
                                    + (where.isEmpty() ? "" : " in " + String.join("|", where))
                                    + (labels.isEmpty() ? "" : " where " + labels));
                        }
                        table.add(
                                text(token, "/name"),
                                String.join(", ", grants),
                                dash(distance(text(token, "/created"))),
                                dash(distance(text(token, "/expires"))),
                                text(token, "/createdBy"));
                    }
                    table.print(out());
                }
            }
            return Mishap.OK;
        }
    }

    @Command(
            name = "revoke",
            description = "Revoke tokens: they cease to work at once.",
            footer = ClientCommand.EXIT_CODES)
    static final class Revoke extends ClientCommand {
        @Parameters(paramLabel = "NAME", arity = "1..*", description = "Their names.")
        private List<String> names = List.of();

        @Override
        int run(ApiClient client) throws ApiException {
            for (String name : names) {
                client.call("DELETE", "/api/v1/tokens/" + ApiClient.encode(name), null, "", Map.of());
                out().println("token " + name + " revoked");
            }
            return Mishap.OK;
        }
    }
}
