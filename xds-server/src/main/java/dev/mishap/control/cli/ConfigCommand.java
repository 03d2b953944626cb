package dev.mishap.control.cli;

import dev.mishap.control.Failures;
import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ClientConfig;
import dev.mishap.control.client.Context;
import dev.mishap.rules.yaml.DocumentText;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The file of contexts: which control planes there are, and which one commands mean. */
@Command(
        name = "config",
        description = {
            "Which control planes there are, and which one commands mean.",
            "The file is MISHAP_CONFIG, else ~/.config/mishap/config.yaml."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap config set-context prod --server https://mishap.example.org:18080 --token-file ~/.mishap-token -n pay",
            "  mishap config use-context prod",
        },
        subcommands = {
            ConfigCommand.GetContexts.class,
            ConfigCommand.UseContext.class,
            ConfigCommand.SetContext.class,
            ConfigCommand.DeleteContext.class,
            ConfigCommand.CurrentContext.class,
            ConfigCommand.View.class
        })
final class ConfigCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "expected get-contexts, use-context, set-context, delete-context, current-context or view");
    }

    /** One that reads or writes the file. */
    abstract static class OfFile implements Callable<Integer> {
        @Spec
        CommandSpec spec;

        abstract int run(ClientConfig config);

        @Override
        public Integer call() {
            try {
                return run(Connection.config(spec.commandLine()));
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
            } finally {
                spec.commandLine().getOut().flush();
            }
        }

        void write(ClientConfig config) {
            try {
                config.write();
            } catch (IOException e) {
                throw new IllegalArgumentException(config.file() + ": " + Failures.text(e), e);
            }
        }

        void say(String line) {
            spec.commandLine().getOut().println(line);
        }
    }

    @Command(name = "get-contexts", description = "List the contexts; * is the current one.")
    static final class GetContexts extends OfFile {
        @Override
        int run(ClientConfig config) {
            Table table = new Table("CURRENT", "NAME", "SERVER", "NAMESPACE");
            for (Context context : config.contexts()) {
                String namespace = context.namespace();
                table.add(
                        context.name().equals(config.current()) ? "*" : "",
                        context.name(),
                        context.server(),
                        namespace == null ? "" : namespace);
            }
            table.print(spec.commandLine().getOut());
            return Mishap.OK;
        }
    }

    @Command(name = "use-context", description = "Make a context the current one.")
    static final class UseContext extends OfFile {
        @Parameters(index = "0", paramLabel = "NAME", description = "The context.")
        private String name = "";

        @Override
        int run(ClientConfig config) {
            config.use(name);
            write(config);
            say("the current context is '" + name + "'");
            return Mishap.OK;
        }
    }

    @Command(
            name = "set-context",
            description = "Make a context, or change what is said of it; an empty value takes a field away.")
    static final class SetContext extends OfFile {
        @Parameters(index = "0", paramLabel = "NAME", description = "The context.")
        private String name = "";

        @Option(names = "--server", paramLabel = "URL", description = "The control plane's URL.")
        private @Nullable String server;

        @Option(
                names = {"-n", "--namespace"},
                paramLabel = "NAMESPACE",
                description = "The namespace that is meant when none is said.")
        private @Nullable String namespace;

        @Option(names = "--token", paramLabel = "TOKEN", description = "The token itself, kept in the file.")
        private @Nullable String token;

        @Option(names = "--token-file", paramLabel = "FILE", description = "A file with the token.")
        private @Nullable String tokenFile;

        @Option(names = "--ca-file", paramLabel = "FILE", description = "PEM: what signs the server's certificate.")
        private @Nullable String caFile;

        @Option(names = "--client-cert", paramLabel = "FILE", description = "PEM: the caller's certificate.")
        private @Nullable String clientCert;

        @Option(names = "--client-key", paramLabel = "FILE", description = "PEM: its key.")
        private @Nullable String clientKey;

        @Override
        int run(ClientConfig config) {
            if (server != null) {
                ApiClient.requireServer(server);
            }
            Context before = config.contexts().stream()
                    .filter(c -> c.name().equals(name))
                    .findFirst()
                    .orElse(new Context(name, Context.DEFAULT_SERVER, null, null, null, null, null, null));
            config.put(new Context(
                    name,
                    server == null ? before.server() : server,
                    changed(namespace, before.namespace()),
                    changed(token, before.token()),
                    changed(tokenFile, before.tokenFile()),
                    changed(caFile, before.caFile()),
                    changed(clientCert, before.clientCert()),
                    changed(clientKey, before.clientKey())));
            write(config);
            say("context '" + name + "' is written to " + config.file());
            return Mishap.OK;
        }

        private static @Nullable String changed(@Nullable String said, @Nullable String before) {
            return said == null ? before : said.isEmpty() ? null : said;
        }
    }

    @Command(name = "delete-context", description = "Delete a context.")
    static final class DeleteContext extends OfFile {
        @Parameters(index = "0", paramLabel = "NAME", description = "The context.")
        private String name = "";

        @Override
        int run(ClientConfig config) {
            config.context(name);
            config.remove(name);
            write(config);
            say("context '" + name + "' is deleted");
            return Mishap.OK;
        }
    }

    @Command(name = "current-context", description = "Print the name of the current context.")
    static final class CurrentContext extends OfFile {
        @Override
        int run(ClientConfig config) {
            String current = config.current();
            if (current == null) {
                spec.commandLine()
                        .getErr()
                        .println("there is no current context; " + Context.DEFAULT_SERVER + " is called");
                spec.commandLine().getErr().flush();
                return Mishap.NO;
            }
            say(current);
            return Mishap.OK;
        }
    }

    @Command(name = "view", description = "Print the file without its tokens.")
    static final class View extends OfFile {
        @Option(names = "--raw", description = "With its tokens.")
        private boolean raw;

        @Override
        int run(ClientConfig config) {
            spec.commandLine().getOut().print(DocumentText.yaml(config.document(raw)));
            return Mishap.OK;
        }
    }
}
