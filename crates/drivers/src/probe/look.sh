# What a pod of a probe does on its node. Its answers are the message with which it ends. What the image has no tool for is not
# tried: that is no failure of the node.
has() { command -v "$1" >/dev/null 2>&1; }
answer() { if "$@" >/dev/null 2>&1; then echo ok; else echo fail; fi; }
# Any address will do: some servers fail questions for the other family. With a dot at the end no search list is walked through.
resolves() { timeout 6 nslookup "$1." 2>/dev/null | grep -q '^Name:'; }
name() { if has nslookup && has timeout && has grep; then answer resolves "$1"; else echo none; fi; }
# Some nc only open a connection when they have a program to give it.
way=none
if has nc && has timeout; then
  case $(timeout 6 nc --help 2>&1 </dev/null; timeout 6 nc -h 2>&1 </dev/null) in
    *-z*) way=look ;;
    *'-e PROG'*) way=give ;;
  esac
fi
connects() { if [ $way = look ]; then timeout 6 nc -z -w "$3" "$1" "$2"; else timeout 6 nc -w "$3" "$1" "$2" -e true; fi; }
reach() { if [ $way = none ] || [ -z "$1" ]; then echo none; else answer connects "$1" "$2" "$3"; fi; }

# The end of all names of the cluster, as the pod was given it.
domain=$(sed -n 's/^search [^ .]*\.svc\.\([^ ]*\).*/\1/p' /etc/resolv.conf 2>/dev/null)
dns=$(name "kubernetes.default.svc.${domain:-cluster.local}")
external=none
[ -n "$EXTERNAL_NAME" ] && external=$(name "$EXTERNAL_NAME")
api=$(reach "$KUBERNETES_SERVICE_HOST" "$KUBERNETES_SERVICE_PORT" 5)
service=$(reach "$TARGET_SERVICE_HOST" 8080 5)
tried=0
reached=0
for ip in $TARGETS; do
  tried=$((tried + 1))
  [ "$(reach "$ip" 8080 3)" = ok ] && reached=$((reached + 1))
done
pods=none
[ $way = none ] || pods=$reached/$tried
echo "dns=$dns external=$external api=$api service=$service pods=$pods" >/dev/termination-log
