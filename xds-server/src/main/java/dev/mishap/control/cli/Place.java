package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.FleetRule;
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

    /** A name that no namespace or rule can have: sent, it would be a path that no server takes. */
    static final class BadName extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        BadName(IllegalArgumentException cause) {
            super(cause.getMessage(), cause);
        }
    }

    static String rules(String namespace) {
        try {
            FleetRule.requireNamespace(namespace);
        } catch (IllegalArgumentException e) {
            throw new BadName(e);
        }
        return "/api/v1/namespaces/" + ApiClient.encode(namespace) + "/rules";
    }

    static String experiments(String namespace) {
        return rules(namespace).replaceAll("rules$", "experiments");
    }

    static String experiment(String namespace, String run) {
        try {
            FaultRule.requireName("name", run, 128);
        } catch (IllegalArgumentException e) {
            throw new BadName(e);
        }
        return experiments(namespace) + '/' + ApiClient.encode(run);
    }

    static String rule(String namespace, String name) {
        try {
            FaultRule.requireName("name", name, 253);
        } catch (IllegalArgumentException e) {
            throw new BadName(e);
        }
        return rules(namespace) + '/' + ApiClient.encode(name);
    }
}
