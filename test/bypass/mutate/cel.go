// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"slices"

	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/parser"
)

// expressionMutants are all texts that differ from the expression in one place, each with what was done there. What
// is done: an operand of && or ||, an item of a list, a term of a sum is left out; one branch of a condition is always
// taken; exists and all change places; a condition that stands alone is negated.
func expressionMutants(text string) ([]mutant, error) {
	var all []mutant
	for k := 0; ; k++ {
		tree, err := parse(text)
		if err != nil {
			return nil, err
		}
		w := &walker{wanted: k, info: tree.SourceInfo(), factory: ast.NewExprFactory()}
		w.root(tree.Expr())
		if w.did == "" {
			return all, nil
		}
		changed, err := parser.Unparse(tree.Expr(), tree.SourceInfo())
		if err != nil {
			return nil, fmt.Errorf("writing a mutant of %q: %w", text, err)
		}
		all = append(all, mutant{what: w.did, text: changed})
	}
}

// mutant is an expression that was changed in one place.
type mutant struct{ what, text string }

// parse reads an expression and leaves macros as the calls that they are written as.
func parse(text string) (*ast.AST, error) {
	p, err := parser.NewParser(parser.Macros(), parser.EnableOptionalSyntax(true))
	if err != nil {
		return nil, fmt.Errorf("making a parser: %w", err)
	}
	tree, errs := p.Parse(common.NewTextSource(text))
	if len(errs.GetErrors()) > 0 {
		return nil, fmt.Errorf("parsing %q: %s", text, errs.ToDisplayString())
	}
	return tree, nil
}

// walker goes through a tree and makes the wanted change, counted from 0 in the order of the walk.
type walker struct {
	wanted, seen int
	// did says what was done; empty while nothing was.
	did     string
	info    *ast.SourceInfo
	factory ast.ExprFactory
}

// change makes the change if it is the wanted one.
func (w *walker) change(edit func(), format string, about ast.Expr) {
	if w.seen == w.wanted && w.did == "" {
		w.did = fmt.Sprintf(format, w.text(about))
		edit()
	}
	w.seen++
}

func (w *walker) text(e ast.Expr) string {
	text, err := parser.Unparse(e, w.info)
	if err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return text
}

func (w *walker) root(e ast.Expr) {
	w.negate(e)
	w.walk(e)
}

// negate negates a condition that stands alone; in a conjunction its operands are left out instead.
func (w *walker) negate(e ast.Expr) {
	alone := []string{
		operators.Equals, operators.NotEquals, operators.In, operators.Less, operators.Greater, operators.LogicalNot,
		operators.LessEquals, operators.GreaterEquals, "has", "exists", "all", "matches", "startsWith", "contains", "hasValue", "allowed",
	}
	if e.Kind() != ast.CallKind || !slices.Contains(alone, e.AsCall().FunctionName()) {
		return
	}
	w.change(func() {
		e.SetKindCase(w.factory.NewCall(e.ID(), operators.LogicalNot, w.factory.CopyExpr(e)))
	}, "negated: %s", e)
}

func (w *walker) walk(e ast.Expr) {
	switch e.Kind() {
	case ast.CallKind:
		w.call(e)
	case ast.ListKind:
		w.list(e)
	case ast.SelectKind:
		w.walk(e.AsSelect().Operand())
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.walk(entry.AsMapEntry().Value())
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			w.walk(field.AsStructField().Value())
		}
	case ast.IdentKind, ast.LiteralKind, ast.ComprehensionKind, ast.UnspecifiedExprKind:
		// There is nothing inside, and macros are left unexpanded.
	}
}

func (w *walker) call(e ast.Expr) {
	call := e.AsCall()
	name, args := call.FunctionName(), call.Args()
	switch name {
	case operators.LogicalAnd, operators.LogicalOr, operators.Add:
		for i, arg := range args {
			if arg.Kind() == ast.CallKind && arg.AsCall().FunctionName() == name {
				continue // A link of the same chain: its own operands are left out one by one.
			}
			w.change(func() { e.SetKindCase(args[1-i]) }, "without: %s", arg)
		}
	case operators.Conditional:
		w.change(func() { e.SetKindCase(args[1]) }, "always the first branch of: %s", e)
		w.change(func() { e.SetKindCase(args[2]) }, "always the second branch of: %s", e)
	case "exists", "all":
		w.change(func() { w.flip(e) }, "exists and all exchanged: %s", e)
	}
	if call.IsMemberFunction() {
		w.walk(call.Target())
	}
	predicate := slices.Contains([]string{"exists", "all", "filter"}, name) && len(args) == 2
	for i, arg := range args {
		if predicate && i == 1 {
			w.negate(arg)
		}
		w.walk(arg)
	}
}

func (w *walker) flip(e ast.Expr) {
	call := e.AsCall()
	other := map[string]string{"exists": "all", "all": "exists"}[call.FunctionName()]
	e.SetKindCase(w.factory.NewMemberCall(e.ID(), other, call.Target(), call.Args()...))
}

// list leaves each item out.
func (w *walker) list(e ast.Expr) {
	list := e.AsList()
	for i, item := range list.Elements() {
		w.change(func() {
			items := slices.Delete(slices.Clone(list.Elements()), i, i+1)
			var optional []int32
			for _, index := range list.OptionalIndices() {
				if int(index) < i {
					optional = append(optional, index)
				} else if int(index) > i {
					optional = append(optional, index-1)
				}
			}
			e.SetKindCase(w.factory.NewList(e.ID(), items, optional))
		}, "without the item: %s", item)
	}
	for _, item := range list.Elements() {
		w.walk(item)
	}
}
