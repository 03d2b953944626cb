package dev.mishap.control.cli;

import dev.mishap.control.client.ApiClient;
import dev.mishap.control.client.ApiException;
import dev.mishap.control.experiment.ProxyClient;
import dev.mishap.control.experiment.ProxyException;
import dev.mishap.rules.yaml.DocumentText;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Ends faults: some rules, or all that the fleet does. */
@Command(
        name = "stop",
        description = {
            "End faults at once.",
            "--all is the switch of the whole fleet: no fault acts until `mishap stop --rearm`; the rules stay. The other forms delete the"
                    + " rules that they name.",
            "--proxy is the kill switch of single proxies, without a control plane: it takes effect within 100 ms, on everything."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mishap stop --all --reason 'incident 4711'",
            "  mishap stop --rearm",
            "  mishap stop --experiment PAY-503-2024-Q4",
            "  mishap stop canary-503 -n staging",
            "  mishap stop --proxy 127.0.0.1:9901",
            "",
            ClientCommand.EXIT_CODES
        })
final class StopCommand extends ClientCommand {
    @Mixin
    private Place place = new Place();

    @Parameters(paramLabel = "NAME", arity = "0..*", description = "Rules of the namespace, by name.")
    private List<String> names = List.of();

    @Option(names = "--all", description = "All faults of the fleet, in all namespaces.")
    private boolean all;

    @Option(names = "--rearm", description = "Let faults act again after --all.")
    private boolean rearm;

    @Option(names = "--experiment", paramLabel = "ID", description = "The rules of an experiment, in all namespaces.")
    private @Nullable String experiment;

    @Option(
            names = {"-l", "--selector"},
            paramLabel = "SELECTOR",
            description = "Rules of the namespace by labels, such as team=pay.")
    private @Nullable String selector;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            description = "Of --all, --rearm and --proxy, for the audit log or the proxy's events.",
            defaultValue = "")
    private String reason = "";

    @Option(
            names = "--proxy",
            paramLabel = "ADDRESS",
            description = {
                "The admin address of a proxy, such as 127.0.0.1:9901; may be given several times. With --rearm faults act again.",
                "MISHAP_API_TOKEN is the token, if it needs one."
            })
    private List<String> proxies = List.of();

    @Override
    public Integer call() {
        if (proxies.isEmpty()) {
            return super.call();
        }
        if (all || experiment != null || selector != null || !names.isEmpty()) {
            throw bad("--proxy stops all faults of a proxy: it goes with --rearm and --reason only");
        }
        List<URI> addresses = new ArrayList<>();
        for (String each : proxies) {
            URI address = ProxyAddresses.address(each);
            if (address == null) {
                throw bad("--proxy " + each + ": expected HOST:PORT, the admin address of a proxy");
            }
            addresses.add(address);
        }
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(2))
                .build();
        int code = Mishap.OK;
        for (URI address : addresses) {
            ProxyClient proxy = new ProxyClient(http, address, System.getenv("MISHAP_API_TOKEN"));
            try {
                if (rearm) {
                    proxy.arm(reason);
                } else {
                    proxy.kill(reason);
                }
                out().println(address + (rearm ? ": faults may act again" : ": all faults are off"));
            } catch (ProxyException e) {
                err().println("mishap: " + e.getMessage());
                code = Mishap.NO;
            }
        }
        out().flush();
        err().flush();
        return code;
    }

    @Override
    int run(ApiClient client) throws ApiException {
        int forms = (all ? 1 : 0)
                + (rearm ? 1 : 0)
                + (experiment != null ? 1 : 0)
                + (selector != null ? 1 : 0)
                + (names.isEmpty() ? 0 : 1);
        if (forms != 1) {
            throw bad("say what to stop, in one way: --all, --experiment ID, -l SELECTOR or names; or --rearm");
        }
        if (all || rearm) {
            JsonNode now = client.call(
                            "POST",
                            all ? "/api/v1/fleet:stop" : "/api/v1/fleet:rearm",
                            DocumentText.jsonLine(Map.of("reason", reason)),
                            "application/json",
                            Map.of())
                    .document();
            out().println(
                            now.path("engaged").asBoolean()
                                    ? "all faults of the fleet are stopped; `mishap stop --rearm` lets them act again"
                                    : "faults may act again");
            return Mishap.OK;
        }
        Map<String, Object> body = new LinkedHashMap<>();
        String path = "/api/v1/rules:stop";
        if (experiment != null) {
            body.put("experimentId", experiment);
        } else {
            path = Place.rules(place.of(client)) + ":stop";
            if (selector != null) {
                body.put("labelSelector", selector);
            } else {
                body.put("names", names);
            }
        }
        JsonNode stopped = client.call("POST", path, DocumentText.jsonLine(body), "application/json", Map.of())
                .document()
                .path("items");
        stopped.forEach(rule -> out().println(
                        "rule " + text(rule, "/metadata/namespace") + '/' + text(rule, "/metadata/name") + " stopped"));
        if (stopped.isEmpty()) {
            err().println("nothing matched");
        }
        return stopped.isEmpty() && !names.isEmpty() ? Mishap.NO : Mishap.OK;
    }
}
