package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.rules.RuleKey;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which namespace a command is about. */
final class Place {
    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAMESPACE",
            description = "The namespace. Default: the context's, else " + RuleKey.DEFAULT_NAMESPACE + ".")
    private @Nullable String namespace;

    String of(ApiClient client) {
        String fromContext = client.context().namespace();
        return namespace != null ? namespace : fromContext != null ? fromContext : RuleKey.DEFAULT_NAMESPACE;
    }

    /** What was said; null = nothing. */
    @Nullable
    String said() {
        return namespace;
    }

    static String rules(String namespace) {
        return "/api/v1/namespaces/" + ApiClient.encode(namespace) + "/rules";
    }

    static String rule(String namespace, String name) {
        return rules(namespace) + '/' + ApiClient.encode(name);
    }
}
