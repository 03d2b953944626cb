package dev.mishap.control.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the completion script of a shell. */
@Command(
        name = "completion",
        description = "Print a shell's completion script.",
        footerHeading = "%n",
        footer = {"  source <(mishap completion bash)", "  mishap completion zsh > \"$${fpath[1]}/_mishap\""})
final class CompletionCommand implements Callable<Integer> {
    enum Shell {
        bash,
        zsh
    }

    /**
     * Flags of the launcher's own commands, read from their help, as they are not of this program; names of rules, runs and nodes, asked of the control plane that the line so far means. What the generated part knows, such as options,
     * it is asked for; a control plane that does not answer has no names.
     */
    private static final String NAMES = """

            # Completes the flags of the data plane's commands, and, where one has a few words to choose from, these.
            function _mishap_proxy_flags() {
              local cur="${COMP_WORDS[COMP_CWORD]}" words=""
              case "${COMP_WORDS[COMP_CWORD-1]}" in
                -l|--log-level) words="trace debug info warning error critical off" ;;
                --mode) words="serve validate init_only" ;;
                --drain-strategy) words="gradual immediate" ;;
                --local-address-ip-version) words="v4 v6" ;;
                *)
                  if [[ "$cur" == -* ]]; then
                    words="$("${COMP_WORDS[0]}" "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE -- '(^|[[ ])--?[a-z][a-z0-9-]*' | tr -d '[ ' | sort -u)"
                  fi ;;
              esac
              COMPREPLY=($(compgen -W "$words" -- "$cur"))
            }

            # Completes what a control plane has: names of rules, of runs of experiments, of nodes.
            function _mishap_names() {
              local cur="${COMP_WORDS[COMP_CWORD]}" command="${COMP_WORDS[1]}" kind="" at=3 how=() i
              case "$command" in
                proxy|standalone)
                  if [[ $COMP_CWORD -gt 1 ]]; then
                    _mishap_proxy_flags
                    return
                  fi ;;
                get|describe|delete) kind="${COMP_WORDS[2]}" ;;
                stop) kind=rule at=2 ;;
                fleet) kind=node at=2 ;;
              esac
              case "$kind" in
                rule|rules) kind=rules ;;
                experiment|experiments) kind=experiments ;;
                node) ;;
                *) kind="" ;;
              esac
              if [[ -z "$kind" || $COMP_CWORD -lt $at || "$cur" == -* || "${COMP_WORDS[COMP_CWORD-1]}" == -* ]]; then
                _complete_mishap
                return
              fi
              for ((i = 2; i + 1 < COMP_CWORD; i++)); do
                case "${COMP_WORDS[i]}" in
                  -n|--namespace|--server|--context|--token-file|--ca-file|--client-cert|--client-key)
                    how+=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]}") ;;
                esac
              done
              local asked=(get "$kind")
              [[ "$kind" == node ]] && asked=(fleet)
              COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "${asked[@]}" "${how[@]}" -o name --request-timeout 3s 2>/dev/null | sed 's,^[a-z]*/,,')" -- "$cur"))
            }

            complete -F _mishap_names -o default mishap
            """;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}")
    private Shell shell = Shell.bash;

    @Override
    public Integer call() {
        String script = AutoComplete.bash("mishap", spec.root().commandLine()) + NAMES;
        PrintWriter out = spec.commandLine().getOut();
        if (shell == Shell.zsh) {
            // The script speaks bash and turns zsh's emulation on. Loaded from fpath it is the body of a function that
            // has been
            // asked for completions, so after it has set itself up it must answer.
            out.println("#compdef mishap");
            // Of bash's own commands for completion this one has no counterpart; all it does is to have no space put
            // after
            // a file's name.
            out.println("(( $+functions[compopt] )) || compopt() { :; }");
            out.print(script);
            out.println("[[ ${funcstack[1]-} = _mishap ]] && _bash_complete -o default -F _mishap_names");
        } else {
            out.print(script);
        }
        out.flush();
        return Mishap.OK;
    }
}
