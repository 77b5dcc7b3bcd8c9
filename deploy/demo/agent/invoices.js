// The sample invoices of the demo agent. The last one but one is a credit note without a total.
export const invoices = [
  { number: 'INV-1001', supplier: 'Northwind', currency: 'EUR', total: '1250.00', lines: 3 },
  { number: 'INV-1002', supplier: 'Contoso', currency: 'USD', total: '89.90', lines: 1 },
  { number: 'CN-2001', supplier: 'Fabrikam', currency: 'USD', kind: 'credit_note', lines: 2 },
  { number: 'INV-1003', supplier: 'Adatum', currency: 'GBP', total: '410.00', lines: 5 },
];
