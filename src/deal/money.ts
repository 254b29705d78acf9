import { Big } from 'big.js';

/** Money and quantities travel as decimal strings; this file is the only place that computes with them. */
export type Decimal = string;

export function add(...amounts: readonly Decimal[]): Decimal {
  return amounts.reduce((sum, amount) => sum.plus(amount), new Big(0)).toFixed();
}

export function subtract(from: Decimal, amount: Decimal): Decimal {
  return new Big(from).minus(amount).toFixed();
}

export function multiply(left: Decimal, right: Decimal): Decimal {
  return new Big(left).times(right).toFixed();
}

/** @throws Error when divided by zero. */
export function divide(amount: Decimal, by: Decimal, decimals: number): Decimal {
  return new Big(amount).div(by).round(decimals, Big.roundHalfUp).toFixed();
}

/** The same rounded away from zero, so that it multiplies to no less. @throws Error when divided by zero. */
export function divideUp(amount: Decimal, by: Decimal, decimals: number): Decimal {
  return new Big(amount).div(by).round(decimals, Big.roundUp).toFixed();
}

/** Commercial rounding (half away from zero), as both systems do it. */
export function round(amount: Decimal, decimals = 2): Decimal {
  return new Big(amount).round(decimals, Big.roundHalfUp).toFixed();
}

/** Whether the amount has no more than these decimals, so that nobody has to round it. */
export function isRounded(amount: Decimal, decimals: number): boolean {
  return new Big(amount).round(decimals, Big.roundDown).eq(amount);
}

export function isZero(amount: Decimal): boolean {
  return new Big(amount).eq(0);
}

export function isLess(left: Decimal, right: Decimal): boolean {
  return new Big(left).lt(right);
}

/** The distance between two amounts, never negative. */
export function distance(left: Decimal, right: Decimal): Decimal {
  return new Big(left).minus(right).abs().toFixed();
}

export function isWithin(left: Decimal, right: Decimal, tolerance: Decimal): boolean {
  return new Big(left).minus(right).abs().lte(tolerance);
}

/** For people, two decimals at least and more only where the amount has them: `1250` becomes `1250.00`, `0.1250` `0.125`. */
export function display(amount: Decimal): string {
  const exact = new Big(amount).toFixed();
  const [, decimals = ''] = exact.split('.');
  return decimals.length < 2 ? new Big(amount).toFixed(2) : exact;
}

/** A quantity for people, without the zeros that say nothing: `7.00000` is `7`. */
export function trim(quantity: Decimal): string {
  return new Big(quantity).toFixed();
}

export function isSame(left: Decimal, right: Decimal): boolean {
  return new Big(left).eq(right);
}
