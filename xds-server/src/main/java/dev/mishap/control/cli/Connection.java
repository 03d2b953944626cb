package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ClientConfig;
import dev.mishap.control.client.Context;
import dev.mishap.rules.Durations;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which control plane a command calls, and as whom. What is said on the command line wins over the context. */
final class Connection {
    @Option(
            names = "--context",
            paramLabel = "NAME",
            description = "The context to use. Default: the current one of the file (see `mishap config`).")
    private @Nullable String context;

    @Option(
            names = "--server",
            paramLabel = "URL",
            description = "The control plane's URL. Default: the context's, else " + Context.DEFAULT_SERVER + ".")
    private @Nullable String server;

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            description =
                    "API token or JWT; others on this machine can see it. Default: MISHAP_API_TOKEN, else the context's.")
    private @Nullable String token;

    @Option(names = "--token-file", paramLabel = "FILE", description = "A file with the token.")
    private @Nullable String tokenFile;

    @Option(
            names = "--ca-file",
            paramLabel = "FILE",
            description = "PEM: what signs the server's certificate. Default: what the JDK trusts.")
    private @Nullable String caFile;

    @Option(names = "--client-cert", paramLabel = "FILE", description = "PEM: the caller's certificate.")
    private @Nullable String clientCert;

    @Option(names = "--client-key", paramLabel = "FILE", description = "PEM: the key of --client-cert.")
    private @Nullable String clientKey;

    @Option(
            names = "--request-timeout",
            paramLabel = "DURATION",
            defaultValue = "20s",
            description = "How long to wait for an answer. Default: ${DEFAULT-VALUE}.")
    private String timeout = "";

    /** The file of contexts; a mistake in it is the user's. */
    static ClientConfig config(CommandLine command) {
        try {
            return ClientConfig.read(place());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command, String.valueOf(e.getMessage()));
        }
    }

    /** Tests have their own. */
    static Path place() {
        String forTests = System.getProperty("mishap.config");
        return forTests != null ? Path.of(forTests) : ClientConfig.place(System.getenv());
    }

    /** A context, or the current one, with nothing but another server; a token of the context is not sent there. */
    static Context context(CommandLine command, @Nullable String name, @Nullable String otherServer) {
        Connection connection = new Connection();
        connection.context = name;
        connection.server = otherServer;
        return connection.context(command);
    }

    /** The context with what the command line says over it. */
    Context context(CommandLine command) {
        ClientConfig config = config(command);
        Context base;
        try {
            base = config.context(context);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command, String.valueOf(e.getMessage()));
        }
        String exposure = config.exposure();
        if (exposure != null) {
            command.getErr().println("warning: " + exposure);
        }
        Map<String, String> environment = System.getenv();
        String fromEnvironment = environment.get("MISHAP_API_TOKEN");
        String chosen = token != null ? token : tokenFile != null ? null : fromEnvironment;
        boolean own = chosen != null || tokenFile != null;
        // A token of the context is for the context's server, and not sent to another one.
        boolean elsewhere = server != null && !server.equals(base.server());
        return new Context(
                base.name(),
                server == null ? base.server() : server,
                base.namespace(),
                own ? chosen : elsewhere ? null : base.token(),
                own ? tokenFile : elsewhere ? null : base.tokenFile(),
                caFile == null ? base.caFile() : caFile,
                clientCert == null ? base.clientCert() : clientCert,
                clientKey == null ? base.clientKey() : clientKey);
    }

    ApiClient client(CommandLine command) {
        try {
            return new ApiClient(context(command), Durations.parse(timeout));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command, String.valueOf(e.getMessage()));
        }
    }
}
