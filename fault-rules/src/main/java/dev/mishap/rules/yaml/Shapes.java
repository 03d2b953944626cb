package dev.mishap.rules.yaml;

import static dev.mishap.rules.yaml.Type.Scalar.BOOLEAN;
import static dev.mishap.rules.yaml.Type.Scalar.CIDR;
import static dev.mishap.rules.yaml.Type.Scalar.DURATION;
import static dev.mishap.rules.yaml.Type.Scalar.GRPC_STATUS;
import static dev.mishap.rules.yaml.Type.Scalar.INTEGER;
import static dev.mishap.rules.yaml.Type.Scalar.NAME;
import static dev.mishap.rules.yaml.Type.Scalar.NUMBER;
import static dev.mishap.rules.yaml.Type.Scalar.PERCENTAGE;
import static dev.mishap.rules.yaml.Type.Scalar.SLO_CHECK;
import static dev.mishap.rules.yaml.Type.Scalar.TEXT;
import static dev.mishap.rules.yaml.Type.Scalar.TIMESTAMP;
import static dev.mishap.rules.yaml.Type.Scalar.TIME_OF_DAY;
import static dev.mishap.rules.yaml.Type.Scalar.ZONE;

import dev.mishap.rules.experiment.RollbackTrigger;
import dev.mishap.rules.fault.Http2Error;
import java.util.Arrays;
import java.util.List;

/** The table of fields of the two kinds of resources. A new field is a line here, one in the reader and one in the writer. */
final class Shapes {
    static final String API_VERSION = "mishap.dev/v1";
    static final List<String> DAYS = List.of("mon", "tue", "wed", "thu", "fri", "sat", "sun");

    private static final Type.ListOf NAMES = new Type.ListOf(NAME, false);
    private static final List<String> TRIGGERS =
            Arrays.stream(RollbackTrigger.values()).map(Enum::name).toList();

    private static final Shape METADATA = new Shape("Metadata")
            .required("name", NAME, "Unique name: letters, digits, '-', '_' and '.'.")
            .optional("namespace", NAME, "Namespace; prod and prod-* are production.")
            .optional("labels", new Type.TextMap(), "Labels; mishap.dev/environment=production marks production.");

    private static final Shape RULE_METADATA = new Shape("RuleMetadata")
            .required("name", NAME, "Unique name: letters, digits, '-', '_' and '.'.")
            .optional("labels", new Type.TextMap(), "Labels.");

    private static final Shape FLEET_METADATA = new Shape("RuleMetadata")
            .required("name", NAME, "Unique name: letters, digits, '-', '_' and '.'.")
            .optional(
                    "namespace",
                    NAME,
                    "Of a control plane: where the rule belongs; prod and prod-* are production. Default: as the caller says.")
            .optional("labels", new Type.TextMap(), "Labels; mishap.dev/environment=production marks production.")
            .optional("annotations", new Type.TextMap(), "Of a control plane: texts that mean nothing to Mishap.");

    private static final Shape OVERRIDE = new Shape("Override").required("reason", TEXT, "Why.");

    private static final Shape PATH =
            stringTests(new Shape("StringMatcher")).exactlyOneOf("exact", "prefix", "suffix", "contains", "regex");

    private static final Shape RANGE = new Shape("Range")
            .required("start", INTEGER, "The smallest value.")
            .required("end", INTEGER, "One more than the largest value.");

    private static final Shape HEADER = stringTests(
                    new Shape("HeaderMatcher").required("name", NAME, "Name of the header, in any case."))
            .optional("present", BOOLEAN, "Whether the header must be there.")
            .optional("range", new Type.Of(RANGE), "The value is a decimal integer in this range.")
            .optional("invert", BOOLEAN, "Turns the result round; default false.")
            .exactlyOneOf("exact", "prefix", "suffix", "contains", "regex", "present", "range");

    private static final Shape SOURCE = new Shape("Source")
            .optional("cidrs", new Type.ListOf(CIDR, false), "Ranges of which one must hold the downstream address.")
            .optional("nodes", NAMES, "Values of x-envoy-downstream-service-node.");

    private static final Shape DESTINATION = new Shape("Destination")
            .optional("cidrs", new Type.ListOf(CIDR, false), "Ranges of which one must hold the address.")
            .optional("ports", new Type.ListOf(INTEGER, false), "Ports of which one must be the connection's.");

    private static final Shape ENDPOINTS = new Shape("Endpoints")
            .optional("cidrs", new Type.ListOf(CIDR, false), "Ranges of which one must hold the endpoint's address.")
            .optional("ports", new Type.ListOf(INTEGER, false), "Ports of which one must be the endpoint's.")
            .optional("localities", new Type.ListOf(TEXT, false), "region, region/zone or region/zone/subZone.")
            .optional("labels", new Type.TextMap(), "Values of the endpoint's metadata under envoy.lb; all must hold.");

    private static final Shape QUESTION = new Shape("Question")
            .optional("name", new Type.Of(PATH), "The name, in lower case, without the dot at its end.")
            .optional("types", NAMES, "Record types, such as A and AAAA.");

    private static final Shape KEY = new Shape("CohortKey")
            .optional("header", NAME, "A header whose value tells callers apart.")
            .optional("cookie", NAME, "A cookie whose value tells callers apart.")
            .optional("traceId", BOOLEAN, "The trace id of traceparent, else x-request-id; the default of requests.")
            .optional("sourceAddress", BOOLEAN, "The downstream address; the default of connections and questions.")
            .exactlyOneOf("header", "cookie", "traceId", "sourceAddress");

    static final Shape COHORT = new Shape("Cohort")
            .required("percent", PERCENTAGE, "The share of callers that may be touched at all.")
            .optional("seed", TEXT, "Decides who is in; default: the experiment's id, else the rule's name.")
            .optional("key", new Type.Of(KEY), "What tells callers apart; default: the trace id.");

    private static final Shape EXPERIMENT_COHORT = new Shape("ExperimentCohort")
            .optional("seed", TEXT, "Decides who is in; default: the experiment's id.")
            .optional("key", new Type.Of(KEY), "What tells callers apart; default: the trace id.");

    private static final Shape EXPERIMENT_SCOPE = conditions(new Shape("ExperimentScope"));

    static final Shape SCOPE = conditions(new Shape("Scope"))
            .optional("cohort", new Type.Of(COHORT), "Which callers may be touched; default: all.");

    private static final Shape ABORT = new Shape("Abort")
            .optional("httpStatus", INTEGER, "200 to 599.")
            .optional("grpcStatus", GRPC_STATUS, "A gRPC status by name or number.")
            .optional("body", TEXT, "The body or gRPC message; default: fault filter abort.")
            .exactlyOneOf("httpStatus", "grpcStatus");

    private static final Shape RESET = new Shape("Reset")
            .bare()
            .optional(
                    "after",
                    new Type.Choice(List.of("request", "headers")),
                    "Instead of a response (default), or after its headers.")
            .optional("afterBodyBytes", INTEGER, "After so many bytes of the response's body; 1 or more.")
            .optional("code", new Type.Choice(Http2Error.NAMES), "HTTP/2's error code; default INTERNAL_ERROR.")
            .optional("goAway", BOOLEAN, "Ends an HTTP/2 connection with all its streams; default false.");

    private static final Shape FAULT = fault();

    private static final Shape LIMITS = new Shape("Limits")
            .optional("maxTrafficPercent", PERCENTAGE, "The share of the scoped requests of 10 s that may be touched.")
            .optional("maxConcurrent", INTEGER, "Requests under the fault at one time.")
            .optional("maxPerSecond", INTEGER, "Requests touched in any one second.");

    private static final Shape RAMP =
            new Shape("Ramp").required("over", DURATION, "How long the share grows to its full value.");

    private static final Shape WINDOW = new Shape("Window")
            .optional(
                    "days",
                    new Type.ListOf(new Type.Choice(DAYS), false),
                    "Days on which the window begins; default: all.")
            .required("from", TIME_OF_DAY, "Beginning.")
            .required("to", TIME_OF_DAY, "End; earlier than from = on the next day.")
            .optional("zone", ZONE, "Time zone; default UTC.");

    private static final Shape SCHEDULE = new Shape("Schedule")
            .optional("start", TIMESTAMP, "Not before.")
            .optional("end", TIMESTAMP, "Not at or after.")
            .optional(
                    "windows",
                    new Type.ListOf(new Type.Of(WINDOW), false),
                    "Stretches of the day, of which one must hold now.")
            .optional("ramp", new Type.Of(RAMP), "Lets the percentage grow from 0.");

    private static final Shape TAG = new Shape("Tag")
            .optional("responseHeader", NAME, "A response header that gets the experiment's id.")
            .optional("baggage", BOOLEAN, "Adds chaos.experiment.id to the W3C baggage; default false.");

    private static final Shape TARGETS = new Shape("Targets")
            .optional("services", NAMES, "Services (node.cluster) of which the node must be one.")
            .optional("nodes", NAMES, "Ids (node.id) of which the node's must be one.")
            .optional("labels", new Type.TextMap(), "Labels that the node's metadata must have.")
            .optional("localities", NAMES, "Region, region/zone or region/zone/sub_zone that the node must be in.");

    private static final Shape RULE_SPEC = new Shape("FaultRuleSpec")
            .optional("experimentId", NAME, "The experiment that touched requests are tagged with.")
            .optional("priority", INTEGER, "Smaller acts first; default 0.")
            .optional("targets", new Type.Of(TARGETS), "Which nodes of a fleet; default: all of the namespace.")
            .optional("scope", new Type.Of(SCOPE), "Which requests; default: all.")
            .optional("percentage", PERCENTAGE, "The share of the cohort's requests that get the fault; default 100.")
            .required("fault", new Type.Of(FAULT), "What happens to them.")
            .optional("limits", new Type.Of(LIMITS), "What may happen at most.")
            .optional("schedule", new Type.Of(SCHEDULE), "When; default: always.")
            .optional("ttl", DURATION, "How long the rule lives; at most 30d.")
            .optional("seed", INTEGER, "Makes the draws repeatable; default: a random one.")
            .optional("tag", new Type.Of(TAG), "Marks on touched requests.")
            .optional("dryRun", BOOLEAN, "Decides and counts, and does nothing; default false.");

    private static final Shape INJECTION = new Shape("Injection")
            .optional("target", NAME, "The service; may be left out when there is one target.")
            .optional("scope", new Type.Of(EXPERIMENT_SCOPE), "Which of its requests; default: all.")
            .optional("percentage", PERCENTAGE, "The share of the cohort's requests that get the fault; default 100.")
            .required("fault", new Type.Of(FAULT), "What happens to them.");

    private static final Shape SLO = new Shape("Slo")
            .required(
                    "metric",
                    NAME,
                    "SERVICE_success_rate, SERVICE_error_rate, SERVICE_pNN_latency_ms, or any name with a query.")
            .required(
                    "comparator",
                    new Type.Choice(List.of(">=", "<=", ">", "<", "==", "!=")),
                    "How the metric must compare.")
            .required("threshold", NUMBER, "With what.")
            .optional("query", TEXT, "PromQL that gives the metric.");

    private static final Shape EXPERIMENT_SPEC = new Shape("ExperimentSpec")
            .optional("id", NAME, "What touched requests are tagged with; default: the name.")
            .optional("hypothesis", TEXT, "What is believed.")
            .optional("targets", NAMES, "The services in front of which faults act; default: those of the faults.")
            .required("faults", new Type.ListOf(new Type.Of(INJECTION), false), "What is injected.")
            .optional(
                    "blastRadius",
                    PERCENTAGE,
                    "The share of the traffic in scope that may be touched at all; default 5.")
            .optional("override", new Type.Of(OVERRIDE), "Allows more than 5 % in production.")
            .optional("cohort", new Type.Of(EXPERIMENT_COHORT), "How callers are chosen.")
            .optional("seed", INTEGER, "Makes the draws repeatable; default: a random one.")
            .optional("duration", DURATION, "Of the injection, the ramp included; default 2m.")
            .optional("ramp", new Type.Of(RAMP), "Lets the share grow from 0.")
            .optional(
                    "baseline",
                    new Type.Of(new Shape("Baseline")
                            .optional("duration", DURATION, "Default 30s.")
                            .optional("minRequests", INTEGER, "Default 100.")),
                    "How the steady state is measured.")
            .optional(
                    "slos",
                    new Type.ListOf(new Type.Either(SLO_CHECK, SLO), false),
                    "What must hold; default: success ≥ 0.9 × and p95 ≤ 1.5 × the baseline.")
            .optional(
                    "autoRollback",
                    new Type.Of(new Shape("AutoRollback")
                            .optional("on", new Type.ListOf(new Type.Choice(TRIGGERS), true), "Default: all of them.")
                            .optional(
                                    "timeout",
                                    DURATION,
                                    "The longest the injection may take; default: duration + 1m.")),
                    "What ends the injection early.")
            .optional(
                    "recovery",
                    new Type.Of(new Shape("Recovery")
                            .optional("for", DURATION, "How long it must be steady; default 30s.")
                            .optional("within", DURATION, "How long that may take; default 5m.")),
                    "When the system counts as recovered.")
            .optional("poll", DURATION, "How often the SLOs are judged; default 1s.")
            .optional("breachPolls", INTEGER, "Polls in a row that make a breach; default 3.")
            .optional("tag", new Type.Of(TAG), "Marks on touched requests; default: baggage.");

    static final Shape FAULT_RULE = resource("FaultRule", RULE_METADATA, RULE_SPEC);
    /** What a control plane takes. */
    static final Shape FLEET_RULE = resource("FaultRule", FLEET_METADATA, fleet(RULE_SPEC));

    static final Shape EXPERIMENT = resource("Experiment", METADATA, EXPERIMENT_SPEC);

    /** What an observer of the rules API is made from. */
    static final Shape OBSERVER = new Shape("Observer")
            .optional("experimentId", NAME, "The experiment that it belongs to.")
            .optional("scope", new Type.Of(EXPERIMENT_SCOPE), "Which requests are counted; default: all.")
            .optional("cohort", new Type.Of(COHORT), "Which of them are counted apart; default: all.");

    private Shapes() {}

    private static Shape fleet(Shape spec) {
        Shape shape = new Shape(spec.name);
        spec.fields.values().forEach(field -> {
            if (field.required()) {
                shape.required(field.name(), field.type(), field.doc());
            } else {
                shape.optional(field.name(), field.type(), field.doc());
            }
        });
        return shape.optional(
                "override",
                new Type.Of(OVERRIDE),
                "Of a control plane: allows a maxTrafficPercent of more than 5 in production.");
    }

    private static Shape resource(String kind, Shape metadata, Shape spec) {
        return new Shape(kind)
                .required("apiVersion", new Type.Choice(List.of(API_VERSION)), "The version of the format.")
                .required("kind", new Type.Choice(List.of(kind)), "The kind of resource.")
                .required("metadata", new Type.Of(metadata), "What it is called.")
                .required("spec", new Type.Of(spec), "What it says.");
    }

    private static Shape fault() {
        Shape shape = new Shape("Fault")
                .optional("abort", new Type.Of(ABORT), "Answers in place of the upstream.")
                .optional(
                        "delay",
                        new Type.Of(new Shape("Delay").required("fixed", DURATION, "How long; at most 24h.")),
                        "Holds the request back.")
                .optional(
                        "responseRateLimit",
                        new Type.Of(new Shape("ResponseRateLimit").required("kbps", INTEGER, "KiB per second.")),
                        "Slows the response's body down.")
                .optional("reset", new Type.Of(RESET), "Breaks the exchange: RST, RST_STREAM or GOAWAY.");
        TrafficFaults.addTo(shape);
        return shape.exactlyOneOf(shape.fields.keySet().toArray(new String[0]));
    }

    private static Shape stringTests(Shape shape) {
        return shape.optional("exact", TEXT, "Equals this.")
                .optional("prefix", TEXT, "Begins with this.")
                .optional("suffix", TEXT, "Ends with this.")
                .optional("contains", TEXT, "Has this in it.")
                .optional("regex", TEXT, "Matches this RE2 expression as a whole.");
    }

    private static Shape conditions(Shape shape) {
        return shape.optional("listeners", NAMES, "Names of listeners.")
                .optional("clusters", NAMES, "Names of clusters.")
                .optional("routes", NAMES, "Names of routes.")
                .optional("methods", NAMES, "Request methods.")
                .optional("path", new Type.Of(PATH), "The path without its query.")
                .optional("headers", new Type.ListOf(new Type.Of(HEADER), false), "Tests that must all hold.")
                .optional("source", new Type.Of(SOURCE), "Who sends it.")
                .optional("sni", new Type.Of(PATH), "The server name of a connection's TLS ClientHello.")
                .optional("destination", new Type.Of(DESTINATION), "Where a connection was meant to go.")
                .optional("question", new Type.Of(QUESTION), "What is asked of DNS.")
                .optional("endpoints", new Type.Of(ENDPOINTS), "Where a connection of the proxy goes.");
    }
}
