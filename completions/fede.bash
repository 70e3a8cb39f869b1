# bash completion for fede. Made by scripts/make-manuals.
_fede() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -W "connect serve explain capture derive diff keylog lookup cert ca lab --help --version" -- "$word"))
        return
    fi
    case $before in
        --ca|--cacert|--capture|--cert|--chain|--crl|--crlfile|--ct-logs|--key|--keylog|--output|--report|--rsa-key|--sct|--sess-in|--sess-out|--staple|--stderr|--ticket-key|--unix-socket|--upload-file|--write) COMPREPLY=($(compgen -f -- "$word")); return ;;
        --ca|--capath|--export|--folder|--parent|--report) COMPREPLY=($(compgen -d -- "$word")); return ;;
    esac
    case ${COMP_WORDS[1]} in
        connect) words="--head --request --header --data --data-ascii --data-raw --data-binary --upload-file --get --user-agent --referer --cookie --range --user --location --max-redirs --fail --http1.1 --http2 --compressed --output --remote-name --include --write-out --silent --show-error --max-time --connect-timeout --ipv4 --ipv6 --resolve --connect-to --unix-socket --interface --proxy --noproxy --proxy-user --starttls --insecure --cacert --capath --verify-hostname --verify-ip --attime --status --status-request --cert-status --crl --crlfile --ocsp --revocation --sct --ct-logs --false-start --renegotiate --showcerts --servername --noservername --alpn --no-alpn --tlsv1.2 --tlsv1 --tls-max --ciphers --groups --curves --sigalgs --legacy --legacy-until --legacy-reason --legacy-peer --no-ems --max-fragment --record-size-limit --max-fragment-length --keylog --diagram --report --sess-out --sess-in --reconnect --no-ticket --cert --key --pass --cert-type --key-type --keymatexport --keymatexportlen --interactive --linger --crlf --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        serve) words="--listen --unix-socket --workers --max-connections --once --cert --key --pass --chain --sni --request-cert --require-cert --ca --ciphers --groups --curves --sigalgs --tls-max --staple --sct --no-ems --legacy --legacy-until --legacy-reason --legacy-peer --alpn --no-alpn --http1.1 --max-fragment --record-size-limit --no-tickets --ticket-lifetime --ticket-key --session-store --session-cache --handshake-timeout --handshake-limit --idle-timeout --grace --reject --keylog --keymatexport --keymatexportlen --report --echo --www --plain --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        explain) words="--keylog --rsa-key --psk --ticket-key --verify --cacert --capath --ct-logs --attime --conn --display-filter --max-connections --diagram --follow --export --overwrite --format --field --fields --report --max-memory --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        capture) words="--interface --filter --list --snapshot-length --no-promiscuous --write --explain --keylog --overwrite --count --autostop --ring-buffer --user --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        derive) words="--hash --secret --label --seed --context --length --premaster --session-hash --client-random --server-random --master --suite --tls --side --transcript-hash --curve --private --peer --iv --explicit --sequence --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        diff) words="--conn --keylog --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        keylog) words="--capture --all --output --overwrite --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        lookup) words="--registry --struct --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        cert) words="--verify --name --attime --cacert --capath --crl --staple --ocsp --ct-logs --must-staple --revocation --purpose --profile --max-depth --lint --fail-on --compare --store --pins --pem --der --only --output --max-time --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        ca) words="--ca --output --parent --key --subject --name --days --not-before --not-after --serial --path-length --permit --exclude --purpose --policy --must-staple --key-encipherment --ocsp-url --issuer-url --crl-url --flaw --listen --signer --pass --reason --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
        lab) words="--folder --base-port --privileged-ports --report --diagram --verbose --quiet --json --stderr --trace-time --show-secrets --color --lang --width --help" ;;
    esac
    case $word in
        -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
        *) [ "${COMP_WORDS[1]}" != serve ] || COMPREPLY=($(compgen -d -- "$word")) ;;
    esac
}
complete -o filenames -F _fede fede
