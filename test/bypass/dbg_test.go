package bypass
import ("testing";"strings")
func TestDbg(t *testing.T) {
	ns := govern(t)
	for _, n := range []int{2, 30, 50, 63} {
	r, err := kubectlResult(t, pod(ns, labelled("scalegate.dev/release", strings.Repeat("x", n))), "create", "--dry-run=server", "-f", "-")
	t.Log(string(r.Stdout), string(r.Stderr), err)
	}
}
